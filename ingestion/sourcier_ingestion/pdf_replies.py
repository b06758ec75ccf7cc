"""What the confined child replies -> types. Raises KeyError, TypeError, ValueError where a reply is none."""

from typing import Any, get_args

from sourcier_core.quote_boxes import QuoteBoxes
from sourcier_core.types import (
    Box,
    Heading,
    HiddenReason,
    HiddenText,
    MediaType,
    OutlineEntry,
    Page,
    PageFindings,
    PageSource,
    RecognisedWord,
    Structure,
    TableRow,
)

HIDDEN_REASONS = get_args(HiddenReason)


def structure(reply: dict[str, Any]) -> Structure:
    """Make the structure of the file."""
    count = int(reply["page_count"])
    outline = tuple(
        OutlineEntry(int(level), _text(title), int(page)) for level, title, page in reply["outline"]
    )
    labels = tuple(None if label is None else _text(label)[:40] for label in reply["labels"])
    return Structure(
        media_type=MediaType.PDF,
        page_count=count,
        title=None if reply["title"] is None else _text(reply["title"]),
        outline=tuple(entry for entry in outline if 1 <= entry.page <= count),
        labels=labels if len(labels) == count else (),
        warnings=("repaired",) if reply["repaired"] else (),
    )


def page(reply: dict[str, Any], number: int) -> Page:
    """Make the page that was asked for."""
    if int(reply["number"]) != number:
        raise ValueError("another page")
    return Page(
        number=number,
        text=_text(reply["text"]),
        headings=tuple(
            Heading(int(start), int(level), _text(title)) for start, level, title in reply["headings"]
        ),
        rows=tuple(
            TableRow(int(start), int(end), (int(head[0]), int(head[1])) if head else None)
            for start, end, head in reply["rows"]
        ),
        warning=None if reply["warning"] is None else str(reply["warning"]),
        findings=PageFindings(
            source=PageSource(reply.get("source", "file")),
            hidden=tuple(_hidden(reason, words) for reason, words in reply["hidden"]),
            ocr_layer=bool(reply["ocr_layer"]),
            failure=None if reply.get("failure") is None else str(reply["failure"])[:60],
            **_measures(reply),
        ),
    )


def recognised_page(reply: dict[str, Any], read: Page) -> Page:
    """Make the page that OCR read of one whose text could not be read."""
    text = _text(reply["text"])
    words = tuple(
        RecognisedWord(int(start), int(end), Box(*map(float, box)), float(confidence))
        for start, end, *box, confidence in reply["words"]
    )
    if any(not 0 <= word.start < word.end <= len(text) for word in words):
        raise ValueError("a word outside the text")
    if not text.strip():
        return read
    findings = PageFindings(
        source=PageSource.OCR, hidden=read.findings.hidden, words=words, **_measures(reply)
    )
    return Page(number=read.number, text=text, findings=findings)


def quotes(reply: dict[str, Any]) -> list[QuoteBoxes]:
    """Make the boxes of quotes."""
    size = {"width": float(reply["width"]), "height": float(reply["height"])}
    return [
        QuoteBoxes(tuple(Box(*map(float, box)) for box in quote["boxes"]), bool(quote["verified"]), **size)
        for quote in reply["quotes"]
    ]


def _measures(reply: dict[str, Any]) -> dict[str, Any]:
    return {
        "width": float(reply["width"]),
        "height": float(reply["height"]),
        "rotation": int(reply["rotation"]) % 360,
        "garbled": float(reply["garbled"]),
    }


def _hidden(reason: Any, words: Any) -> HiddenText:
    if reason not in HIDDEN_REASONS:
        raise ValueError("an unknown reason")
    return HiddenText(reason, _text(words))


def _text(value: Any) -> str:
    """Replace lone surrogates, which a damaged file may yield and no encoding holds."""
    return str(value).encode("utf-8", "replace").decode()
