"""All suites, in the order in which they run."""

from . import capabilities, escapes, traffic

SUITES = [traffic.suite, *escapes.suites(), capabilities.suite]
