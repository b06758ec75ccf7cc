import pytest

from sourcier_eval.markup import Markup, element, join


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", "a < b & c", element("b", "d")) == "<p>a &lt; b &amp; c<b>d</b></p>"


def test_attributes_are_escaped_quotes_too() -> None:
    assert element("a", title="\"x\" 'y' <z>") == '<a title="&quot;x&quot; &#x27;y&#x27; &lt;z&gt;"></a>'


def test_names_of_attributes_are_those_of_html() -> None:
    assert element("svg", viewBox="0 0 1 1", aria_hidden="true", class_="a") == (
        '<svg viewBox="0 0 1 1" aria-hidden="true" class="a"></svg>'
    )


def test_nothing_is_left_out_and_a_bare_attribute_stays_bare() -> None:
    assert element("details", None, "x", open="", id=None) == "<details open>x</details>"


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "1"), (0.5, "0.5"), (1 / 3, "0.33"), (100, "100"), (-0.001, "-0")]
)
def test_numbers_are_as_fine_as_a_screen(value: float, written: str) -> None:
    assert element("circle", r=value) == f'<circle r="{written}"/>'


def test_joined_parts_are_markup_and_stay_it() -> None:
    joined = join("<", Markup("<br/>"), None)

    assert isinstance(joined, Markup)
    assert element("p", joined) == "<p>&lt;<br/></p>"
