"""Pictures of results: bars and curves as SVG, drawn without any library."""

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.report import Row, shown

WIDTH, LEFT, BAR, GAP = 720, 260, 22, 8
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")  # Okabe & Ito: colour-blind people tell them apart
_STYLE = "font-family='sans-serif' font-size='13' fill='#444'"
Curve = Sequence[tuple[float, float]]


def bars(rows: Sequence[Row], title: str) -> str:
    """One bar a row, with a whisker from its smallest to its greatest value."""
    greatest = max((row.max or 0.0 for row in rows), default=0.0) or 1.0
    scale = (WIDTH - LEFT - 110) / greatest
    parts = [_text(0, 16, title, "font-weight='bold'")]
    for place, row in enumerate(rows):
        y, median = 34 + place * (BAR + GAP), row.median or 0.0
        middle = y + BAR / 2
        low, high = LEFT + (row.min or 0.0) * scale, LEFT + (row.max or 0.0) * scale
        parts.append(_text(LEFT - 8, middle + 5, row.case, "text-anchor='end'"))
        size = f"width='{median * scale:.1f}' height='{BAR}'"
        parts.append(f"<rect x='{LEFT}' y='{y}' {size} fill='{COLOURS[0]}'/>")
        parts.append(_line(low, middle, high, middle, "#222"))
        parts.append(_text(max(high, LEFT + median * scale) + 8, middle + 5, f"{shown(median)} {row.unit}"))
    return _document(34 + len(rows) * (BAR + GAP), parts)


def curves(named: Mapping[str, Curve], title: str, across: str, up: str) -> str:
    """Curves over one another, with a point at every value."""
    left, top, bottom, right = 60, 40, 260, WIDTH - 200
    xs = [x for curve in named.values() for x, _ in curve] or [1.0]
    most = max([y for curve in named.values() for _, y in curve] or [1.0]) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x / max(xs), bottom - (bottom - top) * y / most

    parts = [
        _text(0, 16, title, "font-weight='bold'"),
        _line(left, bottom, right, bottom),
        _line(left, top, left, bottom),
    ]
    parts += [_text(place(x, 0)[0], bottom + 18, shown(x), "text-anchor='middle'") for x in sorted(set(xs))]
    for number, (name, curve) in enumerate(named.items()):
        colour, points = COLOURS[number % len(COLOURS)], [place(x, y) for x, y in curve]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        for (x, y), (_, value) in zip(points, curve, strict=True):
            parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{colour}'/>")
            parts.append(_text(x + 6, y - 7, shown(value)))
        parts.append(f"<rect x='{right + 24}' y='{top + 22 * number}' width='12' height='12' fill='{colour}'/>")
        parts.append(_text(right + 42, top + 11 + 22 * number, name))
    parts.append(_text((left + right) / 2, bottom + 38, across, "text-anchor='middle'"))
    parts.append(_text(left, top - 8, up))
    return _document(bottom + 46, parts)


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {_STYLE} {more}>{escape(words)}</text>"


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#888") -> str:
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'/>"


def _document(height: float, parts: Sequence[str]) -> str:
    size = f"width='{WIDTH}' height='{height:.0f}' viewBox='0 0 {WIDTH} {height:.0f}'"
    white = "<rect width='100%' height='100%' fill='white'/>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{white}{''.join(parts)}</svg>\n"
