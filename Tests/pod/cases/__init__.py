"""All suites, in the order in which they run."""

from . import capabilities, escapes, life, traffic

SUITES = [traffic.suite, life.order, life.life, life.changes, *escapes.suites(), capabilities.suite]
