"""The catalogue -> the index and the files: what was decided is carried out, once more after a crash."""

from datetime import UTC, date, datetime, timedelta

from sourcier_core.catalogue import Catalogue
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.passport_store import PassportStore
from sourcier_core.ports import ChunkIndex
from sourcier_core.quote_boxes import QuoteBoxStore
from sourcier_core.types import Marks
from sourcier_core.version_store import VersionStore

LINGER_SECONDS = (
    30.0  # that replaced chunks are kept at least: a question reads to its end as of when it was asked
)


def utc_today() -> date:
    """Return the day on which questions without a date are answered."""
    return datetime.now(UTC).date()


def restate_document(catalogue: Catalogue, index: ChunkIndex, document: str) -> None:
    """Write the stored fields of a document's chunks as the catalogue has them; no vector is touched."""
    known = catalogue.document(document)
    if known is None:
        return
    for one in VersionStore(catalogue).versions(document):
        if one.searchable:
            marks = Marks(one.declared, known.tags, known.groups)
            index.restate(document, one.valid_from, marks, one.valid_to, one.superseded_day)


class Upkeep:
    """Brings the index and the files to what the catalogue says. Only by whoever writes the index."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        index: ChunkIndex,
        originals: FileStore,
        pages: PageStore,
        quote_boxes: QuoteBoxStore,
        passports: PassportStore,
    ) -> None:
        self._catalogue = catalogue
        self._versions = VersionStore(catalogue)
        self._index = index
        self._originals = originals
        self._pages = pages
        self._boxes = quote_boxes
        self._passports = passports

    def purge_removed(self) -> None:
        """Remove chunks and files of documents that were deleted; bytes that another one has too are kept.

        Raises:
            DependencyError: Something outside failed; what is left is removed the next time.
        """
        removed = self._catalogue.removals()
        for document in removed:
            self._index.remove(document)
        if removed:
            self._index.flush()
        for document in removed:
            for version in self._catalogue.versions_of(document):
                self.remove_unused(version)
            self._catalogue.finish_removal(document)

    def remove_unused(self, version: str) -> None:
        """Remove the files of bytes that no document has or had."""
        if not self._catalogue.version_in_use(version):
            self._originals.remove(version)
            self._pages.remove(version)
            self._boxes.remove(version)
            self._passports.remove(version)

    def restate(self, document: str) -> None:
        """Write the stored fields of a document's chunks as the catalogue has them; no vector is touched."""
        restate_document(self._catalogue, self._index, document)

    def settle(self, document: str) -> None:
        """Restate a document and note that nothing is owed to it."""
        self.restate(document)
        self._index.flush()
        self._versions.settled(document)

    def settle_all(self) -> None:
        """Do it for every document that is owed something: a crash came between."""
        for document in self._versions.owed():
            self.settle(document)

    def drop_expired(self, *, today: date, keep_days: int, linger: float = LINGER_SECONDS) -> None:
        """Remove the chunks of superseded versions that are no longer wanted.

        Args:
            today: The day on which questions without a date are answered.
            keep_days: After a version was superseded.
            linger: Seconds after another version's commit within which nothing is removed.
        """
        before = datetime.now(UTC) - timedelta(seconds=linger)
        expired = self._versions.expired(today=today.toordinal(), keep_days=keep_days, followed_before=before)
        if not expired:
            return
        for one in expired:
            self._index.discard(one.document, one.valid_from)
        self._versions.forget_chunks(expired)

    def remove_orphans(self) -> None:
        """Remove files of bytes that no document has: of a process that died before its commit."""
        for key in self._originals.list_keys():
            self.remove_unused(key)
