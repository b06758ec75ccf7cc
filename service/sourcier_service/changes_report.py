"""What changed between two versions -> lines to read: by section, with the pages of both sides."""

from typing import Any

from rich.console import Console
from rich.markup import escape

_MARKS = {"added": "+", "removed": "-", "changed": "~", "moved": ">", "renamed": "="}
_COLOURS = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan", "renamed": "cyan"}


def print_changes(body: dict[str, Any]) -> None:
    """Print the body of GET /v1/documents/{id}/changes."""
    console = Console(highlight=False, soft_wrap=True)
    title = escape(body["document"]["title"])
    console.print(f"[bold]{title}[/]: {body['version_from'][:12]} -> {body['version_to'][:12]}")
    for section in body["sections"]:
        _print_section(console, section)
    differing = len(body["sections"])
    console.print(f"{differing} section(s) differ, {body['sections_unchanged']} do not.")


def _print_section(console: Console, section: dict[str, Any]) -> None:
    kind = section["kind"]
    old, new = section["before"], section["after"]
    name = _heading(new if new is not None else old)
    if old is not None and new is not None and old != new:
        name = f"{_heading(old)} -> {name}"
    places = [
        _place(section[f"page_{side}"], section[f"page_label_{side}"])
        for side in ("before", "after")
        if section[side] is not None
    ]
    where = " -> ".join(place for place in places if place)
    colour = _COLOURS[kind]
    console.print(f"\n[{colour}]{_MARKS[kind]} {kind}[/] [bold]{escape(name)}[/] [dim]{escape(where)}[/]")
    for change in section["changes"]:
        _print_change(console, change)


def _print_change(console: Console, change: dict[str, Any]) -> None:
    for side, mark, colour in (("before", "-", "red"), ("after", "+", "green")):
        place = change[side]
        if place is not None:
            where = _place(place["page"], place["page_label"])
            console.print(f"  [{colour}]{mark} {escape(place['text'])}[/] [dim]{escape(where)}[/]")
    before, after = change["numbers_before"], change["numbers_after"]
    if change["kind"] == "changed" and (before or after):
        numbers = " -> ".join(escape(", ".join(side) or "none") for side in (before, after))
        console.print(f"    [bold]numbers:[/] {numbers}")


def _heading(path: list[str] | None) -> str:
    return " > ".join(path or []) or "(before the first heading)"


def _place(page: int | None, label: str | None) -> str:
    if page is None:
        return ""
    return f"(page {label}, PDF {page})" if label else f"(page {page})"
