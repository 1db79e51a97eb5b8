"""All suites, in the order in which they run."""

from . import capabilities, escapes, kube_play, life, limits, traffic

SUITES = [traffic.suite, life.order, life.life, life.changes, *escapes.suites(), capabilities.suite,
          kube_play.suite, limits.suite, limits.times]
