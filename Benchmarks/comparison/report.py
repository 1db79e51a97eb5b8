"""The figures for a person, as Markdown."""

from comparison.figures import ratios, spread

VERDICT = {True: "holds", False: "**does not hold**"}


def table(headings, rows):
    widths = [max(len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]

    def line(cells):
        return "| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths)) + " |"

    return "\n".join([line(headings), line(["-" * w for w in widths]), *map(line, rows)])


def of_line(line, says):
    """`says`: contender's name → what it is called."""
    headings = [line.says, line.unit, f"{line.ours} / this"] + (["busy"] if line.busy else [])
    rows = []
    for name in [name for name in says if name in line.rounds]:
        ratio = ""
        if name != line.ours and line.ours in line.rounds:
            ratio = spread(ratios(line.rounds[line.ours], line.rounds[name]),
                           3 if line.unit == "bytes" else 2)
        rows.append([says[name], spread(line.rounds[name], line.digits), ratio]
                    + ([f"{line.busy[name]:.0%}"] if line.busy else []))
    return table(headings, rows)


def of_claims(lines, promises):
    """The promises, as a table and a list."""
    rows = []
    for key in promises.peers:
        if key not in lines:
            continue
        row = [lines[key].says + (", rate" if key == "http-rate" else "")]
        for claim in promises.of_peers(key, lines):
            row += of_claim(claim, claim.held(lines))
        rows.append(row)
    peers = table(["Sidecar / this, median of the rounds", "Envoy", "limit", "",
                  "best HAProxy", "limit", ""], rows) if rows else ""
    own = []
    for says, ways in promises.own.items():
        held = [one for one in (claim.held(lines) for claim in ways) if one]
        if held:
            own.append(f"- {says}: {', '.join(f'{ratio:.2f}' for ratio, _ in held)}: "
                       f"{VERDICT[any(holds for _, holds in held)]}")
    return "\n\n".join(part for part in (peers, "\n".join(own)) if part)


def of_claim(claim, held):
    """The cells of one: the ratio, the limit, the verdict."""
    if claim.limit is None:
        return [f"{held[0]:.2f}" if held else "not measured", "none", ""]
    return [f"{held[0]:.{3 if claim.limit < 0.2 else 2}f}" if held else "not measured",
            f"{'≥' if claim.at_least else '≤'} {claim.limit:g}", VERDICT[held[1]] if held else ""]


def of_everything(results, lines, promises):
    says = results["contenders"]
    parts = [of_machine(results), of_claims(lines, promises)]
    parts += [of_line(line, says) for line in lines.values()]
    parts += [of_memory(kind, those, says) for kind, those in results["idle"].items()]
    return "\n\n".join(parts) + "\n"


def of_machine(results):
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return (f"{results['date']}, {results['machine']}; {versions}. {results['rounds']} rounds of"
            f" {results['seconds']} s; each figure is a median (smallest–largest). {results['note']}"
            ).strip()


def of_memory(kind, those, says):
    """Growth at each number of connections, the rounds' median."""
    counts = list(next(iter(those.values()))[0])
    rows = [[says[name]] + [spread([grown[count] / 1e6 for grown in rounds], 2)
                            for count in counts] for name, rounds in those.items()]
    return table([f"Growth in MB, idle {kind} connections"] + [f"{int(c):,}" for c in counts], rows)
