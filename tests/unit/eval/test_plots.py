import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_eval.plots import HEIGHT, SHARES, WIDTH, Axis, Plot, interval_bar, round_ticks


def _plot(x: Axis, y: Axis) -> Plot:
    return Plot("recall", "Recall", "It rises & falls.", x, y)


def _drawn(plot: Plot) -> ElementTree.Element:
    return ElementTree.fromstring(plot.svg())


def test_a_plot_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    svg = _drawn(_plot(Axis("k", [1, 5]), Axis("share", SHARES)))

    named = {element.get("id"): element.text for element in svg if element.get("id")}
    assert svg.get("role") == "img"
    assert (svg.get("aria-labelledby") or "").split() == list(named)
    assert list(named.values()) == ["Recall", "It rises & falls."]


def test_points_stand_where_the_axes_say() -> None:
    # The drawing is 440 x 300; its axes go from 46 to 424 and from 252 up to 14. Middle: 235, 133.
    plot = _plot(Axis("k", [1, 5, 9]), Axis("share", SHARES))

    plot.line([(1, 0), (5, 0.5), (9, 1)], "a")

    line = _drawn(plot).find("polyline")
    assert line is not None
    assert line.get("points") == "46.00,252.00 235.00,133.00 424.00,14.00"


def test_a_bar_stands_on_the_axis() -> None:
    plot = _plot(Axis("ms", [0, 100], digits=0), Axis("questions", [0, 10], digits=0))

    plot.bar(0, 50, 5, "a")

    bar = _drawn(plot).find("rect")
    assert bar is not None
    # Half of the height of 238, half of the width of 378 less the gap of 1.
    assert [bar.get(name) for name in ("x", "y", "width", "height")] == ["46.5", "133", "188", "119"]


def test_ticks_and_labels_are_written() -> None:
    svg = _drawn(_plot(Axis("pages", [1, 5], digits=0), Axis("share", [0, 0.5])))

    assert [text.text for text in svg.iter("text")] == ["0.0", "0.5", "1", "5", "pages", "share"]


def test_an_axis_may_go_beyond_its_ticks() -> None:
    assert Axis("k", [2, 4], 1, 5).span == (1, 5)
    assert Axis("k", [2, 4]).span == (2, 4)


def test_everything_stays_inside_the_drawing() -> None:
    plot = _plot(Axis("share", SHARES), Axis("share", SHARES))
    plot.dots([(0, 0), (1, 1)], "a")
    plot.upright(1, "b")

    for element in _drawn(plot).iter():
        for name, limit in (("cx", WIDTH), ("x1", WIDTH), ("x2", WIDTH), ("cy", HEIGHT), ("y1", HEIGHT)):
            assert 0 <= float(element.get(name, "0")) <= limit


def test_an_interval_is_drawn_to_scale_and_hidden_from_who_hears_the_numbers() -> None:
    svg = ElementTree.fromstring(interval_bar(0.5, 0.25, 0.75))

    span, at = svg.findall("rect")
    # The bar is 160 long.
    assert (span.get("x"), span.get("width")) == ("40", "80")
    assert at.get("x") == "78.5"
    assert svg.get("aria-hidden") == "true"


@pytest.mark.parametrize(
    ("end", "ticks"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (17, [0, 5, 10, 15, 20]),
        (430, [0, 100, 200, 300, 400, 500]),
        (12_345, [0, 5_000, 10_000, 15_000]),
    ],
)
def test_ticks_are_round(end: float, ticks: list[float]) -> None:
    assert round_ticks(end) == ticks


@given(st.floats(0, 1e7))
def test_ticks_reach_the_end_and_are_few(end: float) -> None:
    ticks = round_ticks(end)

    assert ticks[0] == 0
    assert ticks[-1] >= end
    assert 2 <= len(ticks) <= 6
    assert re.fullmatch(r"[125]0*", f"{ticks[1]:.0f}")
