"""Graphs of the dependencies between claims, one for each topic, as inline SVG."""

from html import escape

import igraph

from polysem.theory.proof.claims import claims, topics
from polysem.theory.proof.record import Record

# In pixels: width of a letter, height of a box, height of a row, gap between columns.
LETTER, HEIGHT, ROW, GAP = 6.6, 20, 30, 40


def draw(topic: str) -> str:
    """The claims of a topic that depend on each other or on claims of other topics.

    A line leads from a claim to a claim on its right that uses it. A rounded box is a statement of
    the paper; a dashed box belongs to another topic. The text is empty if nothing depends.
    """
    own = {claim.label for claim in topics()[topic][1]}
    lines = [(used, label) for label in own for used in claims()[label].uses]
    labels = sorted({label for line in lines for label in line}, key=list(claims()).index)
    if not lines:
        return ""
    graph = igraph.Graph(directed=True)
    graph.add_vertices(labels)
    graph.add_edges(sorted(lines))
    column = _columns(graph)
    layout = graph.layout_sugiyama(layers=column, hgap=1, vgap=1, maxiter=1000)
    row = _rows([x for x, _ in layout], column)
    wide = {label: LETTER * len(label) + 10 for label in labels}
    widths = [
        max(wide[label] for label, own in zip(labels, column, strict=True) if own == place)
        for place in range(max(column) + 1)
    ]
    left = [sum(widths[:c]) + c * GAP + 2 for c in range(len(widths))]
    boxes = {
        label: (left[c], ROW * r + 2, wide[label])
        for label, c, r in zip(labels, column, row, strict=True)
    }
    width, height = left[-1] + widths[-1] + 2, ROW * max(row) + HEIGHT + 4
    record = Record.load()
    return "\n".join(
        [
            f'<div class="graph"><svg width="{width:.0f}" height="{height:.0f}" role="img" '
            f'aria-label="Dependencies of the claims: {escape(topic)}">',
            *(_line(boxes[used], boxes[label]) for used, label in sorted(lines)),
            *(_box(label, *boxes[label], record, label in own) for label in labels),
            "</svg></div>",
        ]
    )


def _columns(graph: igraph.Graph) -> list[int]:
    """The column of each claim: one to the right of every claim that it uses."""
    column = [0] * graph.vcount()
    for place in graph.topological_sorting():
        column[place] = max((column[used] + 1 for used in graph.predecessors(place)), default=0)
    return column


def _rows(heights: list[float], column: list[int]) -> list[float]:
    """The rows of the layout, from 0 on, at least one row apart within each column."""
    low, rows = min(heights), list(heights)
    free = dict.fromkeys(column, 0.0)
    for place in sorted(range(len(heights)), key=heights.__getitem__):
        rows[place] = max(heights[place] - low, free[column[place]])
        free[column[place]] = rows[place] + 1
    return rows


def _box(label: str, x: float, y: float, width: float, record: Record, own: bool) -> str:
    claim = claims()[label]
    round_ = HEIGHT / 2 if claim.kind == "cited" else 2
    return (
        f'<a href="#{escape(label.replace("_", "-"))}"><title>{escape(record.status(label))}: '
        f'{escape(claim.statement)}</title><rect class="{"own" if own else "other"}" x="{x:.1f}" '
        f'y="{y:.1f}" width="{width:.1f}" height="{HEIGHT}" rx="{round_:g}"/><text '
        f'x="{x + width / 2:.1f}" y="{y + 14:.1f}">{escape(label)}</text></a>'
    )


def _line(start: tuple[float, float, float], end: tuple[float, float, float]) -> str:
    x0, y0, x1, y1 = start[0] + start[2], start[1] + HEIGHT / 2, end[0], end[1] + HEIGHT / 2
    bend = GAP / 2
    return (
        f'<path d="M{x0:.1f} {y0:.1f}C{x0 + bend:.1f} {y0:.1f} {x1 - bend:.1f} {y1:.1f} '
        f'{x1:.1f} {y1:.1f}"/>'
    )
