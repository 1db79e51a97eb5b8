"""All suites, in the order in which they run."""

from . import capabilities, capture, escapes, gateway, kube_play, life, limits, traffic

SUITES = [traffic.suite, life.order, life.life, life.changes, *escapes.suites(), capabilities.suite, capture.suite,
          kube_play.suite, gateway.suite, limits.suite, limits.times]
