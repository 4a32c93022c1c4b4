"""A plot of several series over the same x, one small panel each, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 720, 90, 190, 60, 34, 22
INK, LINE, GRID = "#333333", "#2563eb", "#d4d4d4"


def panels(title: str, x_title: str, xs: Sequence[float], series: Mapping[str, Sequence[float]]):
    """Return the SVG. Each panel begins at zero and ends at the most that its series came to."""
    height = TOP + len(series) * (PANEL + GAP) + 24
    drawn = [_panel(number, name, xs, ys) for number, (name, ys) in enumerate(series.items())]
    foot = _text((WIDTH + LEFT - RIGHT) / 2, height - 8, f"{x_title} (to {xs[-1]:,.0f})", "middle")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            _text(LEFT, 20, title, "start"),
            *drawn,
            foot,
            "</svg>\n",
        ]
    )


def _panel(number: int, name: str, xs: Sequence[float], ys: Sequence[float]) -> str:
    top, most = TOP + number * (PANEL + GAP), max(*ys, 1)
    bottom, wide = top + PANEL, WIDTH - LEFT - RIGHT
    points = " ".join(
        f"{LEFT + wide * x / xs[-1]:.1f},{bottom - PANEL * y / most:.1f}"
        for x, y in zip(xs, ys, strict=True)
    )
    return "\n".join(
        [
            f'<path d="M{LEFT} {top}V{bottom}H{LEFT + wide}" stroke="{GRID}" fill="none"/>',
            f'<polyline points="{points}" stroke="{LINE}" fill="none" stroke-width="1.5"/>',
            _text(LEFT - 8, top + PANEL / 2, name, "end"),
            _text(LEFT + wide + 6, top + 10, f"{most:,.0f}", "start"),
            _text(LEFT + wide + 6, bottom, "0", "start"),
        ]
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{INK}" text-anchor="{anchor}">{escape(text)}</text>'
