import pytest

from sourcier_core.command import root_options_first


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (["ask", "why?", "--home", "/data"], ["--home", "/data", "ask", "why?"]),
        (["--home", "/data", "ask", "why?"], ["--home", "/data", "ask", "why?"]),
        (["ask", "--profile=server", "why?"], ["--profile=server", "ask", "why?"]),
        (["ask", "--", "--home"], ["ask", "--", "--home"]),
        (["ask", "why?", "--home"], ["--home", "ask", "why?"]),
    ],
)
def test_root_options_may_stand_anywhere_before_a_double_dash(typed: list[str], wanted: list[str]) -> None:
    assert root_options_first(typed) == wanted
