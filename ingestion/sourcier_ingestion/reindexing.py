"""Stored originals -> a generation beside the live one, caught up with what changed meanwhile, then live.

Nothing is written twice: documents go into the live generation alone, and every other one is caught up from
the catalogue before it goes live. What it lacks, and what it still holds of documents that are gone, is told
by comparing what answers with what it holds; the last comparison is made while no document can be written.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from sourcier_core.errors import DependencyError, DocumentError, GenerationNotReady
from sourcier_core.generation_store import (
    WITH_INDEX,
    Facts,
    GenerationState,
    GenerationStore,
    Held,
    Key,
    Wanted,
    audit_entry,
)
from sourcier_core.generations import OpenGeneration
from sourcier_core.settings import Settings
from sourcier_core.types import Document
from sourcier_core.vector_cache import CachingEmbedder
from sourcier_core.wiring import Stores, remove_index, undo_unfinished_writes
from sourcier_ingestion.admission import admit
from sourcier_ingestion.chunking import Chunker
from sourcier_ingestion.indexing import WINDOW_CHUNKS, LanguageCount, make_chunks, write_window
from sourcier_ingestion.judging import judge
from sourcier_ingestion.ocr_plan import how_to_read_scans
from sourcier_ingestion.reading import Reading, read_document, stored_reading
from sourcier_ingestion.titles import choose_title

logger = logging.getLogger("sourcier.generations")
_BEGUN = ""  # in the place of the version of a document whose chunks are being written
NOTE_SECONDS = 0.5  # between two notes of how far building is


class BuildCancelled(Exception):
    """Whoever asked for a generation no longer wants it, or the process is stopping."""


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a generation is, and what it cost."""

    documents_done: int = 0
    documents_total: int = 0
    pages_done: int = 0
    pages_total: int = 0
    chunks: int = 0
    vectors_reused: int = 0
    vectors_made: int = 0
    seconds: float = 0.0
    failed: tuple[tuple[str, str], ...] = ()  # documents that it lacks, by collection and name, and why


class GenerationBuilder:
    """Brings one generation that is not live up to date with the catalogue."""

    def __init__(
        self,
        stores: Stores,
        settings: Settings,
        target: OpenGeneration,
        *,
        cancelled: threading.Event | None = None,
        note: Callable[[BuildProgress], None] | None = None,
    ) -> None:
        """Prepare.

        Args:
            stores: Of the home.
            settings: Of this process; what the generation is made with wins.
            target: Open, and not live.
            cancelled: When set, building stops between two windows of chunks.
            note: Told how far it is, about twice a second.
        """
        self._stores = stores
        self._settings = target.settings(settings)
        self.target = target  # may be opened anew between two rounds
        self._rows = GenerationStore(stores.catalogue)
        self._cancelled = cancelled or threading.Event()
        self._note = note
        self._noted = 0.0
        self._begun = time.monotonic()
        self._embedder = CachingEmbedder(target.embedder, stores.vectors)
        self._chunker: Chunker | None = None
        self._failed: dict[Key, str] = {}  # why
        self._names: dict[Key, str] = {}
        self.progress = BuildProgress()

    def catch_up(self) -> tuple[int, dict[Key, Wanted]]:
        """Write what the generation lacks and remove what no longer answers, until nothing is left to do.

        Returns:
            The sequence at which it holds what answers, and that. Documents that cannot be indexed are in
            `progress.failed`.

        Raises:
            BuildCancelled: It was told to stop.
            DependencyError: Something outside failed; what is finished stays.
        """
        while True:
            self._check()
            sequence, wanted = self._rows.wanted()
            held = self._rows.held(self.target.id)
            gone = [k for k, h in held.items() if k not in wanted or h.version != wanted[k].version.version]
            changed = [k for k, h in held.items() if k not in gone and h.stamp != wanted[k].stamp]
            self._failed = {key: why for key, why in self._failed.items() if key in wanted}
            lacking = [
                one
                for key, one in wanted.items()
                if (key not in held or key in gone) and key not in self._failed
            ]
            if not gone and not lacking and not changed:
                self.target.index.flush()
                self._tell(force=True)
                return sequence, wanted
            for key in gone:
                self._remove(key, held[key])
            for key in changed:
                self._restate(wanted[key])
                self._rows.hold(self.target.id, key, replace(held[key], stamp=wanted[key].stamp))
            self._plan(wanted, lacking)
            for one in sorted(lacking, key=lambda w: (w.document.collection, w.document.name, w.key)):
                self._write(one)

    def remove_gone(self) -> None:
        """Remove what no longer answers, and add nothing: deleted documents leave a kept generation too."""
        _, wanted = self._rows.wanted()
        for key, held in self._rows.held(self.target.id).items():
            if key not in wanted:
                self._remove(key, held)

    def _write(self, one: Wanted) -> None:
        self._names[one.key] = f"{one.document.collection}/{one.document.name}"
        before = self.progress.pages_done
        version = one.version.version
        try:
            facts = self._index(one)
        except (FileNotFoundError, DocumentError) as error:
            # Deleted or replaced meanwhile, as the next comparison will show; else whoever promotes is told.
            self.target.index.discard(*one.key)
            self._rows.unhold(self.target.id, one.key)
            self._failed[one.key] = (
                str(error) if isinstance(error, DocumentError) else "its original file is missing"
            )
        else:
            self._restate(one)
            self.target.index.flush()
            self._rows.hold(self.target.id, one.key, Held(version, facts, one.stamp))
        self._remove_unused_pages(version)  # of one that was deleted while it was read again
        self.progress = replace(
            self.progress,
            documents_done=self.progress.documents_done + 1,
            pages_done=before + one.version.page_count,
        )
        self._tell()

    def _restate(self, one: Wanted) -> None:
        version = one.version
        self.target.index.restate(*one.key, one.marks, version.valid_to, version.superseded_day)

    def _index(self, one: Wanted) -> Facts:
        document, version = one.document, one.version.version
        reading = self._read(document, version)
        # Noted before the first chunk is written: whatever becomes of this process or of the document, the
        # next comparison finds that there may be chunks to remove.
        self._rows.hold(self.target.id, one.key, Held(_BEGUN, Facts.of(document), one.stamp))
        title = choose_title(reading.structure.title, document.name)
        languages = LanguageCount()
        self._chunker = self._chunker or Chunker(self._settings.chunking, self.target.embedder.count_tokens)
        chunks = make_chunks(
            chunker=self._chunker,
            pages=self.target.pages,
            reading=reading,
            identity=document.id,
            collection=document.collection,
            version=version,
            edition=one.edition,
            name=document.name,
            title=title,
            languages=languages,
        )
        before, count = self.progress.pages_done, 0
        pivot = self._settings.embedding.pivot
        while window := list(islice(chunks, WINDOW_CHUNKS)):
            self._check()
            write_window(
                self.target.index,
                self._embedder,
                window,
                one.version.valid_from,
                pivot=pivot,
                marks=one.marks,
            )
            count += len(window)
            self.progress = replace(
                self.progress,
                pages_done=before + (window[-1][0].page or 1),
                chunks=self.progress.chunks + len(window),
            )
            self._tell()
        scans = how_to_read_scans(self._settings.ocr, document.collection)
        status, reason, code = judge(reading.passport, scans)
        return Facts(
            title=title,
            status=status.value,
            reason=reason,
            reason_code=code,
            language=languages.language(),
            page_count=reading.structure.page_count,
            chunk_count=count,
        )

    def _read(self, document: Document, version: str) -> Reading:
        """Return the reading of a version: from its sidecar, or anew where another reader made that."""
        pages = self.target.pages
        if pages.exists(version):
            return stored_reading(pages, version)
        with self._stores.originals.local_path(version) as path:
            if not path.is_file():
                raise FileNotFoundError(version)
            settings = self._settings
            file = admit(path, document.name, settings.reading.max_bytes)
            return read_document(
                file, pages, settings.reading, lambda *_: self._check(), settings.ocr, document.collection
            )

    def _remove(self, key: Key, held: Held) -> None:
        self.target.index.discard(*key)
        self.target.index.flush()
        self._rows.unhold(self.target.id, key)
        if held.version != _BEGUN:
            self._remove_unused_pages(held.version)

    def _remove_unused_pages(self, version: str) -> None:
        """Remove pages that no document has, of an edition that this generation has for itself.

        Those that it shares with the live one are the upkeep's: whoever ingests may be writing them now.
        """
        shared = self.target.edition == self._stores.generations.live.edition
        if not shared and not self._stores.catalogue.version_in_use(version):
            self.target.pages.remove(version)

    def _plan(self, wanted: dict[Key, Wanted], lacking: list[Wanted]) -> None:
        pages = sum(one.version.page_count for one in wanted.values())
        self.progress = replace(
            self.progress,
            documents_done=len(wanted) - len(lacking),
            documents_total=len(wanted),
            pages_done=pages - sum(one.version.page_count for one in lacking),
            pages_total=pages,
        )
        self._tell(force=True)

    def _tell(self, *, force: bool = False) -> None:
        self.progress = replace(
            self.progress,
            vectors_reused=self._embedder.reused,
            vectors_made=self._embedder.made,
            seconds=round(time.monotonic() - self._begun, 2),
            failed=tuple((self._names[key], why) for key, why in sorted(self._failed.items())),
        )
        if self._note is not None and (force or time.monotonic() - self._noted > NOTE_SECONDS):
            self._note(self.progress)
            self._noted = time.monotonic()

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise BuildCancelled


def promote(
    builder: GenerationBuilder,
    stores: Stores,
    *,
    action: str,
    who: str,
    reason: str,
    incomplete: bool = False,
) -> OpenGeneration:
    """Catch a generation up and make it answer; no question waits, each reads one generation to its end.

    Args:
        builder: Of the generation, which is closed by its last reader once another one replaces it.
        stores: Of the home.
        action: For the audit: "promote" or "rollback".
        who: Answers for it.
        reason: Why.
        incomplete: Also where documents could not be indexed again.

    Returns:
        The generation, as it answers.

    Raises:
        BuildCancelled: It was told to stop; the live generation goes on answering.
        GenerationNotReady: It lacks documents.
        DependencyError: Something outside failed; the live generation goes on answering.
    """
    rows = GenerationStore(stores.catalogue)
    target = builder.target
    builder.catch_up()  # most of it, while documents are written
    with stores.generations.writes.swapping():
        undo_unfinished_writes(stores.catalogue, stores.index)
        sequence, wanted = builder.catch_up()
        failed = builder.progress.failed
        if failed and not incomplete:
            name, why = failed[0]
            raise GenerationNotReady(target.id, f"it lacks {len(failed)} document(s), first {name!r}: {why}")
        rows.promote(target.id, sequence, wanted, audit_entry(who, action, target.id, reason))
        live = replace(target, complete_at=sequence)
        stores.pages.switch_edition(target.edition)
        stores.generations.swap(live)
    return live


def prune(
    stores: Stores, settings: Settings, generation: int, state: GenerationState = GenerationState.PRUNED
) -> None:
    """Remove a generation that is not open: its index, and page sidecars that no other one cites.

    Its row stays, with the gate's report.
    """
    rows = GenerationStore(stores.catalogue)
    row = rows.get(generation)
    rows.end(generation, state, row.error_code, row.error)
    with suppress(DependencyError):  # a server that is away: the collection stays, and answers nothing
        remove_index(settings, stores.home, generation)
    others = {other.edition for other in rows.all() if other.state in WITH_INDEX}
    if row.edition and row.edition not in others:
        _remove_edition(stores, row.edition)


def _remove_edition(stores: Stores, edition: str) -> None:
    pages = stores.pages.of_edition(edition)
    _, wanted = GenerationStore(stores.catalogue).wanted()
    for document in {document for document, _ in wanted}:
        for version in stores.catalogue.versions_of(document):
            pages.remove(version)
