"""The figures for a person: medians, what they range over, and ratios within each round."""

import statistics


def spread(values, digits=1):
    return (f"{statistics.median(values):.{digits}f}"
            f" ({min(values):.{digits}f}–{max(values):.{digits}f})")


def ratios(ours, theirs):
    """Round by round, so that what disturbed both in a round cancels out."""
    return [a / b for a, b in zip(ours, theirs)]


def table(headings, rows):
    widths = [max(len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]

    def line(cells):
        return "| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths)) + " |"

    return "\n".join([line(headings), line(["-" * w for w in widths]), *map(line, rows)])


def costs(load, results, contenders):
    """`results`: contender's name → its costs, round by round."""
    digits = 3 if load.unit == "GB" else 1
    unit = "CPU-s/GB" if load.unit == "GB" else f"CPU µs/{load.unit}"
    reference = [cost.per_unit for cost in results["sidecar"]] if "sidecar" in results else None
    rows = []
    for contender in contenders:
        if contender.name not in results:
            continue
        run = results[contender.name]
        own = [cost.per_unit for cost in run]
        rows.append([
            contender.says, spread(own, digits),
            spread(ratios(reference, own), 2) if reference and own != reference else "",
            f"{min(cost.busy for cost in run):.0%}",
        ])
    return table([load.name, unit, "sidecar / this", "busy"], rows)


def footprint(memory, contenders):
    rows = []
    for contender in contenders:
        if contender.name not in memory:
            continue
        own = memory[contender.name]
        rows.append([contender.says, spread(own["start_ms"]),
                     f"{own['idle_bytes'] / 1e6:.1f}",
                     f"{own['idle_anonymous_bytes'] / 1e6:.1f}",
                     f"{own['bytes_per_connection']:.0f}",
                     f"{own['loaded_bytes'] / 1e6:.1f}"])
    return table(["footprint", "ms to listen", "idle RSS MB", "of it own", "bytes/idle connection",
                  "RSS MB after all"], rows)
