"""Elements of HTML and SVG as text in which everything that comes from outside is escaped."""

from html import escape

_VOID = frozenset({"meta", "link", "br", "hr", "line", "rect", "circle", "path", "polyline"})


class Markup(str):
    """Text that is HTML already; any other `str` is escaped where it enters an element."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: str | float | None) -> Markup:
    """Return an element.

    Args:
        name: Of the element; those without content have no closing tag.
        children: Markup as it is, text escaped, None left out.
        attributes: None is left out and "" is the bare name. `class_` stands for `class`, and `_` within a
            name for `-`; `viewBox` and the like keep their case.
    """
    written = "".join(
        f" {_attribute(key)}" if value == "" else f' {_attribute(key)}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: str | None) -> Markup:
    """Put parts one after another: Markup as it is, text escaped, None left out."""
    return Markup("".join(p if isinstance(p, Markup) else escape(p) for p in parts if p is not None))


def _attribute(name: str) -> str:
    return name.removesuffix("_").replace("_", "-")


def _number(value: str | float) -> str:
    # A hundredth of a point is finer than a screen; whole numbers need no fraction.
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
