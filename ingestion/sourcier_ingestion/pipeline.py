"""The write path: file -> pages -> chunks -> vectors -> index. A document answers whole or not at all."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sourcier_core.catalogue import Write
from sourcier_core.errors import DependencyError, DocumentError, DocumentRemoved, SourcierError
from sourcier_core.settings import Settings
from sourcier_core.types import (
    NOTHING_GIVEN,
    Document,
    DocumentStatus,
    Given,
    JobState,
    Marks,
    Structure,
    document_id,
)
from sourcier_core.vector_cache import CachingEmbedder
from sourcier_core.wiring import Stores, undo_unfinished_writes
from sourcier_ingestion.admission import Admitted, admit
from sourcier_ingestion.chunking import Chunker
from sourcier_ingestion.editing import Editing
from sourcier_ingestion.indexing import WINDOW_CHUNKS, LanguageCount, make_chunks, write_window
from sourcier_ingestion.judging import Judgement, judge
from sourcier_ingestion.naming import check_given, check_name, period_of
from sourcier_ingestion.ocr_plan import how_to_read_scans
from sourcier_ingestion.reading import Reading, read_document
from sourcier_ingestion.titles import choose_title

COPY_BYTES = 1 << 20

Progress = Callable[[JobState, int, int], None]  # state, pages done, pages in all


class Result(StrEnum):
    """How one file's ingestion ended."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's ingestion, for summaries."""

    name: str
    result: Result
    document: Document
    error: SourcierError | None = None


class Ingestion:
    """Writes documents into the live generation, one at a time."""

    def __init__(self, stores: Stores, settings: Settings) -> None:
        self._stores = stores
        self._settings = settings
        self._one_at_a_time = threading.Lock()
        self._chunker: tuple[int, Chunker] | None = None  # of which generation
        self.editing = Editing(stores)

    def ingest(
        self, path: Path, name: str, collection: str, progress: Progress, given: Given = NOTHING_GIVEN
    ) -> Outcome:
        """Make a file answer under a name; what answered under it before stops in the same instant.

        Args:
            path: Of the file.
            name: Of the document within its collection.
            collection: Made, not public, where there is none of that name.
            progress: Called as the work goes on.
            given: When the version is in effect; tags and groups of the document.

        Returns:
            How it ended. A file that cannot be read is an outcome, and leaves what answered before as it was.

        Raises:
            InvalidName: The name, the collection's, a tag or a group cannot be used.
            InvalidPeriod: The version would be in effect on no day.
            DocumentRemoved: The document was deleted meanwhile, and stays so.
            DependencyError: Something outside failed; nothing has changed.
        """
        check_name(name)
        given = check_given(given, self._stores.today())
        try:
            with self._one_at_a_time, self._stores.generations.writes.writing():
                self._stores.upkeep.purge_removed()  # of the same name, too: it is added anew
                return self._ingest_or_note(path, name, collection, progress, given)
        finally:
            self._purge_removed_if_idle()

    def delete(self, document: str) -> None:
        """Make a document stop answering at once, also one whose file waits or is being read; then remove it.

        While a file is being read, what is stored of it is removed after that.

        Args:
            document: Document.id; nothing needs to be known of it.

        Raises:
            DependencyError: Something outside failed; the document still answers.
        """
        self._stores.catalogue.commit_delete(document)
        self._purge_removed_if_idle()

    def _purge_removed_if_idle(self) -> None:
        """Purge what was deleted, unless somebody is at work: who, too, ends with this."""
        while self._stores.catalogue.removals() and self._one_at_a_time.acquire(blocking=False):
            try:
                with self._stores.generations.writes.writing():
                    self._stores.upkeep.purge_removed()
            except DependencyError:
                return  # nothing of it answers; before the next write, or at the next start, it is purged
            finally:
                self._one_at_a_time.release()

    def _ingest_or_note(
        self, path: Path, name: str, collection: str, progress: Progress, given: Given
    ) -> Outcome:
        if collection not in {known.name for known in self._stores.catalogue.collections()}:
            self._stores.catalogue.add_collection(collection, public=False)
        before = self._stores.catalogue.document(document_id(collection, name))
        try:
            return self._ingest(path, name, collection, before, progress, given)
        except DocumentRemoved:
            raise
        except DocumentError as error:
            document = self._note_failure(path, name, collection, before, error, given)
            return Outcome(name, Result.REFUSED, document, error)
        except (SourcierError, OSError) as error:
            self._note_failure(path, name, collection, before, error, given)
            raise

    def _ingest(
        self,
        path: Path,
        name: str,
        collection: str,
        before: Document | None,
        progress: Progress,
        given: Given,
    ) -> Outcome:
        progress(JobState.READING, 0, 0)
        file = admit(path, name, self._settings.reading.max_bytes)
        if before is not None:
            before = self.editing.apply(before, given, same_file=before.version == file.sha256)
        if before is not None and before.version == file.sha256:
            return Outcome(name, Result.UNCHANGED, before)

        def reading_progress(done: int, total: int) -> None:
            progress(JobState.READING, done, total)

        settings = self._settings
        try:
            reading = read_document(
                file, self._stores.pages, settings.reading, reading_progress, settings.ocr, collection
            )
            self._stores.passports.put(file.sha256, reading.passport)
            self._keep_original(file)
            document = self._write(file, collection, reading, progress, given)
        except BaseException:
            with suppress(DependencyError):  # at the next start, then
                self._stores.upkeep.remove_unused(file.sha256)
            raise
        return Outcome(name, Result.INDEXED, document)

    def _keep_original(self, file: Admitted) -> None:
        if self._stores.originals.exists(file.sha256):
            return
        with file.path.open("rb") as source, self._stores.originals.write(file.sha256) as target:
            _copy(source, target)

    def _write(
        self, file: Admitted, collection: str, reading: Reading, progress: Progress, given: Given
    ) -> Document:
        identity = document_id(collection, file.name)
        period = period_of(given, self._stores.today())
        marks = self.editing.marks(identity, given, period)
        write = self._begin(identity)
        with self._undone_on_error(write):
            counter = LanguageCount()
            title = choose_title(reading.structure.title, file.name)
            chunks = make_chunks(
                chunker=self._live_chunker(),
                pages=self._stores.pages,
                reading=reading,
                identity=identity,
                collection=collection,
                version=file.sha256,
                edition=self.editing.edition(identity, file.sha256),
                name=file.name,
                title=title,
                languages=counter,
            )
            embedder = CachingEmbedder(self._stores.embedder, self._stores.vectors)
            pivot = self._live_settings().embedding.pivot
            count = 0
            total = reading.structure.page_count
            while window := list(islice(chunks, WINDOW_CHUNKS)):
                self._stores.catalogue.require_not_removed(identity, file.name)
                write_window(self._stores.index, embedder, window, write.sequence, pivot=pivot, marks=marks)
                count += len(window)
                progress(JobState.EMBEDDING, window[-1][0].page or 1, total)
            progress(JobState.WRITING, total, total)
            self._stores.index.retire(identity, write.sequence, period.first_day)
            self._stores.index.flush()
            judgement = judge(reading.passport, how_to_read_scans(self._settings.ocr, collection))
            document = _ready(
                file,
                identity,
                collection,
                title,
                reading.structure,
                count,
                counter.language(),
                judgement,
                marks,
            )
            self._stores.catalogue.commit_version(write, document, reading.structure, period)
        with suppress(DependencyError):  # owed since the commit, where tags or groups were changed meanwhile
            self._stores.upkeep.settle_all()
        return document

    def _live_settings(self) -> Settings:
        return self._stores.generations.live.settings(self._settings)

    def _live_chunker(self) -> Chunker:
        live = self._stores.generations.live.id
        if self._chunker is None or self._chunker[0] != live:
            chunker = Chunker(self._live_settings().chunking, self._stores.embedder.count_tokens)
            self._chunker = live, chunker
        return self._chunker[1]

    def _begin(self, document: str) -> Write:
        # A write that could not be undone when it failed, the disk being full, must not answer with this one.
        undo_unfinished_writes(self._stores.catalogue, self._stores.index)
        self._stores.upkeep.drop_expired(
            today=self._stores.today(), keep_days=self._settings.versions.keep_days
        )
        return self._stores.catalogue.begin_write(document)

    def _undone_on_error(self, write: Write) -> "_UndoneOnError":
        return _UndoneOnError(self._stores, write)

    def _note_failure(
        self,
        path: Path,
        name: str,
        collection: str,
        before: Document | None,
        error: SourcierError | OSError,
        given: Given,
    ) -> Document:
        """Write down why a file does not answer; a former version that answers is left alone."""
        if before is not None and before.version is not None:
            return before
        document = Document(
            id=document_id(collection, name),
            collection=collection,
            name=name,
            title=choose_title(None, name),
            status=DocumentStatus.REFUSED if isinstance(error, DocumentError) else DocumentStatus.FAILED,
            reason=str(error),
            reason_code=error.code if isinstance(error, SourcierError) else "reading_failed",
            version=None,
            media_type=None,
            language="und",
            page_count=0,
            chunk_count=0,
            size=path.stat().st_size if path.exists() else 0,
            updated_at=datetime.now(UTC),
            tags=given.tags or frozenset(),
            groups=given.groups or frozenset(),
        )
        self._stores.catalogue.put_document(document)
        return document


class _UndoneOnError:
    """Leaves the index as it was before a write that failed; what cannot be undone now is later.

    Before the next write, or at the next start: until then no sequence is reached at which it would answer.
    """

    def __init__(self, stores: Stores, write: Write) -> None:
        self._stores = stores
        self._write = write

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            return
        with suppress(DependencyError):  # the error that led here is the one to report
            self._stores.index.discard(self._write.document, self._write.sequence)
            self._stores.upkeep.restate(self._write.document)
            self._stores.catalogue.abandon_write(self._write)


def _ready(
    file: Admitted,
    identity: str,
    collection: str,
    title: str,
    structure: Structure,
    chunks: int,
    language: str,
    judgement: Judgement,
    marks: Marks,
) -> Document:
    status, reason, code = judgement
    return Document(
        id=identity,
        collection=collection,
        name=file.name,
        title=title,
        status=status,
        reason=reason,
        reason_code=code,
        version=file.sha256,
        media_type=file.media_type,
        language=language,
        page_count=structure.page_count,
        chunk_count=chunks,
        size=file.size,
        updated_at=datetime.now(UTC),
        tags=marks.tags,
        groups=marks.groups,
    )


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while block := source.read(COPY_BYTES):
        target.write(block)
