"""The pages of a version <-> one compact file: each page's text is stored once, and read alone."""

import json
import os
import struct
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from sourcier_core.file_store import FileStore
from sourcier_core.types import (
    NOTHING_FOUND,
    Box,
    Heading,
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

STRUCTURE = "structure.json"
CACHED_PAGES = 4096  # about 4 kB each
CACHED_STRUCTURES = 256
CACHED_PLACES = 256  # files, of which the place of each page is known: about 130 bytes a page
WINDOW_PAGES = 64  # read at once by who wants them all
# A local file header up to its name (.ZIP File Format Specification 6.3.10, section 4.3.7): signature, flags,
# method, checksum, packed size, lengths of the name and of what follows it.
_MEMBER = struct.Struct("<4s2xHH4xII4xHH")


@dataclass(frozen=True, slots=True)
class PageWriter:
    """Takes the pages of one version in order, then its structure."""

    archive: zipfile.ZipFile

    def add(self, page: Page) -> None:
        """Write a page."""
        self.archive.writestr(_member(page.key), json.dumps(_page_values(page), ensure_ascii=False))

    def finish(self, structure: Structure) -> None:
        """Write what is known once all pages were read."""
        self.archive.writestr(STRUCTURE, json.dumps(_structure_values(structure), ensure_ascii=False))


class PageStore:
    """Pages by version (sha256 of the file) and number. Safe to read from several threads."""

    def __init__(self, files: FileStore, edition: str = "") -> None:
        """Use the sidecars of one edition.

        Args:
            files: Of all editions.
            edition: What another reader reads of a version is another edition, kept beside; "" is the first.
        """
        self._files = files
        self._edition = edition
        self._editions: dict[str, PageStore] = {}
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[str, int], Page] = OrderedDict()
        self._structures: OrderedDict[str, Structure] = OrderedDict()
        self._places: OrderedDict[str, dict[str, int]] = OrderedDict()

    def of_edition(self, edition: str) -> "PageStore":
        """Return the store of the same files that keeps to an edition."""
        with self._lock:
            return self._editions.setdefault(edition, PageStore(self._files, edition))

    def switch_edition(self, edition: str) -> None:
        """Read and write another edition from now on: that of the generation that is live now."""
        with self._lock:
            if edition != self._edition:
                self._edition = edition
                self._pages.clear()
                self._structures.clear()

    @contextmanager
    def write(self, version: str) -> Iterator[PageWriter]:
        """Open a version's pages to write; they are there when the block ends without an error."""
        with (
            self._files.write(self._key(version)) as file,
            zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        ):
            yield PageWriter(archive)

    def exists(self, version: str) -> bool:
        """Tell whether a version's pages are stored."""
        return self._files.exists(self._key(version))

    def remove(self, version: str) -> None:
        """Remove a version's pages, of every edition that was asked for, also from memory."""
        with self._lock:
            editions = list(self._editions.values())
        for store in editions:
            store.remove(version)
        with self._lock:
            self._structures.pop(version, None)
            self._places.pop(version, None)
            for key in [key for key in self._pages if key[0] == version]:
                del self._pages[key]
        self._files.remove(self._key(version))

    def structure(self, version: str) -> Structure:
        """Return what the file says of itself.

        Raises:
            FileNotFoundError: The version's pages are not stored.
        """
        with self._lock:
            if version in self._structures:
                self._structures.move_to_end(version)
                return self._structures[version]
            edition = self._edition
        with self._files.read(self._key(version)) as file:
            structure = _structure(json.loads(self._member(file, version, STRUCTURE)))
        with self._lock:
            if edition == self._edition:
                self._structures[version] = structure
            if len(self._structures) > CACHED_STRUCTURES:
                self._structures.popitem(last=False)
        return structure

    def page(self, version: str, number: int) -> Page:
        """Return one page.

        Args:
            version: sha256 of the file.
            number: 1-based; 1 for a text pane.

        Raises:
            FileNotFoundError: The version's pages are not stored.
            KeyError: It has no such page.
        """
        return self.pages(version, [number])[number]

    def pages(self, version: str, numbers: list[int]) -> dict[int, Page]:
        """Return several pages of a version, the file opened once at most."""
        found: dict[int, Page] = {}
        with self._lock:
            edition = self._edition
            for number in numbers:
                if (version, number) in self._pages:
                    self._pages.move_to_end((version, number))
                    found[number] = self._pages[version, number]
        missing = [number for number in numbers if number not in found]
        if missing:
            with self._files.read(self._key(version)) as file:
                for number in missing:
                    found[number] = _page(json.loads(self._member(file, version, _member(number))))
            self._remember(version, {number: found[number] for number in missing}, edition)
        return found

    def _member(self, file: BinaryIO, version: str, name: str) -> bytes:
        """Read one member; the file's directory is read once: it costs as much as twenty pages.

        Raises:
            KeyError: There is none of that name.
        """
        with self._lock:
            place = self._places.get(version, {}).get(name)
        content = None if place is None else _member_at(file, place, name)
        if content is not None:
            return content
        with zipfile.ZipFile(file) as archive:
            content = archive.read(name)
            places = {member.filename: member.header_offset for member in archive.infolist()}
        with self._lock:
            self._places[version] = places
            self._places.move_to_end(version)
            if len(self._places) > CACHED_PLACES:
                self._places.popitem(last=False)
        return content

    def in_order(self, version: str, page_count: int) -> Iterator[Page]:
        """Give all pages of a version, the file opened once for each window of them."""
        for first in range(1, page_count + 1, WINDOW_PAGES):
            numbers = list(range(first, min(first + WINDOW_PAGES, page_count + 1)))
            found = self.pages(version, numbers)
            yield from (found[number] for number in numbers)

    def _key(self, version: str) -> str:
        return f"{version}.{self._edition}.pages.zip" if self._edition else f"{version}.pages.zip"

    def _remember(self, version: str, pages: dict[int, Page], edition: str) -> None:
        with self._lock:
            if edition != self._edition:  # switched since
                return
            for number, page in pages.items():
                self._pages[version, number] = page
            while len(self._pages) > CACHED_PAGES:
                self._pages.popitem(last=False)


def label_of(structure: Structure, page: int | None) -> str | None:
    """Return the printed label of a page; None where the file has none."""
    if page is None or page > len(structure.labels):
        return None
    return structure.labels[page - 1]


def _member(number: int) -> str:
    return f"{number:06d}.json"


def _member_at(file: BinaryIO, place: int, name: str) -> bytes | None:
    """Return the member at a place; None where it is not there: the file was written anew since."""
    file.seek(place)
    header = file.read(_MEMBER.size)
    if len(header) < _MEMBER.size:
        return None
    signature, flags, method, checksum, packed, name_length, extra_length = _MEMBER.unpack(header)
    if signature != b"PK\3\4" or flags & 0x08 or method != zipfile.ZIP_DEFLATED:  # 0x08: sizes come after
        return None
    if file.read(name_length) != name.encode():
        return None
    file.seek(extra_length, os.SEEK_CUR)
    try:
        content = zlib.decompress(file.read(packed), -zlib.MAX_WBITS)
    except zlib.error:
        return None
    return content if zlib.crc32(content) == checksum else None


def _page_values(page: Page) -> dict[str, Any]:
    return {
        "number": page.number,
        "text": page.text,
        "headings": [[h.start, h.level, h.title] for h in page.headings],
        "rows": [[r.start, r.end, r.header] for r in page.rows],
        "warning": page.warning,
        **({} if page.findings == NOTHING_FOUND else {"findings": _findings_values(page.findings)}),
    }


def _findings_values(findings: PageFindings) -> dict[str, Any]:
    return {
        "source": findings.source.value,
        "width": findings.width,
        "height": findings.height,
        "rotation": findings.rotation,
        "garbled": findings.garbled,
        "ocr_layer": findings.ocr_layer,
        "hidden": [[hidden.reason, hidden.text] for hidden in findings.hidden],
        "failure": findings.failure,
        "words": [
            [word.start, word.end, word.box.x0, word.box.y0, word.box.x1, word.box.y1, word.confidence]
            for word in findings.words
        ],
    }


def _page(values: dict[str, Any]) -> Page:
    return Page(
        number=values["number"],
        text=values["text"],
        headings=tuple(Heading(*heading) for heading in values["headings"]),
        rows=tuple(
            TableRow(start, end, tuple(head) if head else None) for start, end, head in values["rows"]
        ),
        warning=values["warning"],
        findings=_findings(values["findings"]) if "findings" in values else NOTHING_FOUND,
    )


def _findings(values: dict[str, Any]) -> PageFindings:
    return PageFindings(
        source=PageSource(values["source"]),
        width=values["width"],
        height=values["height"],
        rotation=values["rotation"],
        garbled=values["garbled"],
        ocr_layer=values["ocr_layer"],
        hidden=tuple(HiddenText(reason, text) for reason, text in values["hidden"]),
        failure=values["failure"],
        words=tuple(
            RecognisedWord(start, end, Box(*box), confidence)
            for start, end, *box, confidence in values["words"]
        ),
    )


def _structure_values(structure: Structure) -> dict[str, Any]:
    return {
        "media_type": structure.media_type.value,
        "page_count": structure.page_count,
        "title": structure.title,
        "outline": [[entry.level, entry.title, entry.page] for entry in structure.outline],
        "labels": list(structure.labels),
        "warnings": list(structure.warnings),
    }


def _structure(values: dict[str, Any]) -> Structure:
    return Structure(
        media_type=MediaType(values["media_type"]),
        page_count=values["page_count"],
        title=values["title"],
        outline=tuple(OutlineEntry(*entry) for entry in values["outline"]),
        labels=tuple(values["labels"]),
        warnings=tuple(values["warnings"]),
    )
