"""Where a value lies on an axis, and where the axis is labelled."""

import math


class Scale:
    """From `low` and `high` to `start` and `end` pixels.

    `kind`: `linear`, `log`, or `nines` for percentiles, where 90, 99 and 99.9 lie equally far apart.
    """

    def __init__(self, kind, low, high, start, end):
        self.kind, self.low, self.high, self.start, self.end = kind, low, high, start, end

    def at(self, value):
        low, high, place = map(self._transformed, (self.low, self.high, value))
        return self.start + (place - low) / (high - low) * (self.end - self.start)

    def _transformed(self, value):
        if self.kind == "log":
            return math.log10(value)
        return -math.log10(1 - value / 100) if self.kind == "nines" else value

    def ticks(self):
        """(value, label) pairs."""
        if self.kind == "nines":
            values = [v for v in (50, 90, 99, 99.9) if self.low <= v <= self.high]
            return [(v, f"p{v:g}") for v in values]
        values = self._decades() if self.kind == "log" else self._steps()
        return [(v, short(v)) for v in values]

    def _steps(self):
        rough = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(rough))
        step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough)
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, int(self.high / step + 1e-9) + 1)]

    def _decades(self):
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if len(powers) <= 4 else (1,)
        values = [s * 10.0 ** p for p in powers for s in steps]
        return [v for v in values if self.low * 0.999 <= v <= self.high * 1.001]


def short(value):
    """1200 → 1,200; 0.25 → 0.25; 3,000,000 → 3M."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def around(values, kind="linear"):
    """Bounds with some room: from 0 where linear, to a round number where logarithmic."""
    if kind == "linear":
        return 0, max(values) * 1.06
    return min(values) / 1.25, max(values) * 1.25
