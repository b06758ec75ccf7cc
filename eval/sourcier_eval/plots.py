"""Numbers -> plots as inline SVG: no script, no picture, colours from the page's style sheet.

Each plot says in words what it shows; the page puts a table of its numbers beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from sourcier_eval.markup import Markup, element, join

WIDTH, HEIGHT = 440.0, 300.0  # units of the drawing, which is scaled to the page
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 16.0, 14.0, 48.0
_BAR = 160.0  # length of a small bar

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: from where to where, and what is written on it."""

    label: str
    ticks: Sequence[float]  # ascending; the axis goes from the first to the last unless `start` and `end` say
    start: float | None = None
    end: float | None = None
    digits: int = 1  # decimals of the ticks

    @property
    def span(self) -> tuple[float, float]:
        """The values at both ends."""
        first = self.ticks[0] if self.start is None else self.start
        last = self.ticks[-1] if self.end is None else self.end
        return first, last


SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Plot:
    """A drawing with two axes, to which marks are added."""

    def __init__(self, name: str, title: str, description: str, x: Axis, y: Axis) -> None:
        """Begin a plot.

        Args:
            name: Of the drawing, an HTML id.
            title: What it shows, for those who do not see it.
            description: What is to be seen in it, in words.
            x: From left to right.
            y: From bottom to top.
        """
        self._name = name
        self._title = title
        self._description = description
        self._x, self._y = x, y
        self._marks: list[Markup] = [*self._grid()]

    def line(self, points: Points, style: str) -> None:
        """Join points by a line."""
        path = " ".join(f"{self._left(x):.2f},{self._top(y):.2f}" for x, y in points)
        self._marks.append(element("polyline", points=path, class_=f"mark {style}"))

    def dots(self, points: Points, style: str, *, radius: float = 3.5) -> None:
        """Put a dot at each point."""
        for x, y in points:
            self.dot(x, y, style, radius=radius)

    def dot(self, x: float, y: float, style: str, *, radius: float) -> None:
        """Put a dot, its radius in units of the drawing."""
        self._marks.append(
            element("circle", cx=self._left(x), cy=self._top(y), r=radius, class_=f"dot {style}")
        )

    def bar(self, start: float, end: float, height: float, style: str) -> None:
        """Draw a bar from the x-axis up, a gap of one unit left between neighbours."""
        left, right, top = self._left(start), self._left(end), self._top(height)
        self._marks.append(
            element(
                "rect",
                x=left + 0.5,
                y=top,
                width=max(0.5, right - left - 1),
                height=max(0.0, self._top(0) - top),
                class_=f"bar {style}",
            )
        )

    def upright(self, x: float, style: str) -> None:
        """Draw a line from the x-axis to the top."""
        at = self._left(x)
        self._marks.append(
            element("line", x1=at, x2=at, y1=_TOP, y2=HEIGHT - _BOTTOM, class_=f"mark {style}")
        )

    def label(
        self, x: float, y: float, text: str, *, anchor: str = "start", dx: float = 0, dy: float = 0
    ) -> None:
        """Write beside a point.

        Args:
            x: Of the point, as on the axis.
            y: Of the point, as on the axis.
            text: What to write.
            anchor: Which end of the text is at the point: "start", "middle" or "end".
            dx: To the right of it, units of the drawing.
            dy: Below it, units of the drawing.
        """
        self._marks.append(
            element(
                "text",
                text,
                x=self._left(x) + dx,
                y=self._top(y) + dy,
                text_anchor=anchor,
                class_="note",
            )
        )

    def svg(self) -> Markup:
        """Return the drawing."""
        title, description = f"{self._name}-title", f"{self._name}-description"
        return element(
            "svg",
            element("title", self._title, id=title),
            element("desc", self._description, id=description),
            join(*self._marks),
            viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
            role="img",
            aria_labelledby=f"{title} {description}",
        )

    def _grid(self) -> Sequence[Markup]:
        left, right, bottom = _LEFT, WIDTH - _RIGHT, HEIGHT - _BOTTOM
        marks = []
        for tick in self._y.ticks:
            at = self._top(tick)
            marks.append(element("line", x1=left, x2=right, y1=at, y2=at, class_="grid"))
            marks.append(_text(f"{tick:.{self._y.digits}f}", left - 8, at + 4, "end"))
        for tick in self._x.ticks:
            at = self._left(tick)
            marks.append(element("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, class_="tick"))
            marks.append(_text(f"{tick:.{self._x.digits}f}", at, bottom + 18, "middle"))
        marks.append(element("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="tick"))
        marks.append(_text(self._x.label, (left + right) / 2, HEIGHT - 8, "middle", "axis"))
        middle = (_TOP + bottom) / 2
        turned = f"rotate(-90 12 {middle:g})"
        marks.append(_text(self._y.label, 12, middle, "middle", "axis", turned))
        return marks

    def _left(self, x: float) -> float:
        start, end = self._x.span
        return _LEFT + (x - start) / (end - start) * (WIDTH - _LEFT - _RIGHT)

    def _top(self, y: float) -> float:
        start, end = self._y.span
        return HEIGHT - _BOTTOM - (y - start) / (end - start) * (HEIGHT - _TOP - _BOTTOM)


def interval_bar(value: float, low: float, high: float) -> Markup:
    """Return a small bar beside numbers that say the same: a share in [0, 1] and its interval."""
    left, right, at = (_BAR * share for share in (low, high, value))
    return element(
        "svg",
        element("line", x1=0, x2=_BAR, y1=6, y2=6, class_="grid"),
        element("rect", x=left, y=3, width=max(1.0, right - left), height=6, rx=3, class_="span"),
        element("rect", x=at - 1.5, y=0, width=3, height=12, rx=1.5, class_="at"),
        viewBox=f"-2 0 {_BAR + 4:g} 12",
        aria_hidden="true",
        class_="interval",
    )


def round_ticks(end: float, count: int = 5) -> list[float]:
    """Return at most so many round steps, whole numbers, from 0 to `end` or just beyond."""
    power = 1.0
    while True:
        for step in (power, 2 * power, 5 * power):
            if end <= step * count:
                return [step * number for number in range(max(1, ceil(end / step)) + 1)]
        power *= 10


def _text(
    text: str, x: float, y: float, anchor: str, style: str = "number", transform: str | None = None
) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=style, transform=transform)
