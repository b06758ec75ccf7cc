"""Changes to a document that touch no text and no vector: its tags, its groups, its versions' periods."""

from dataclasses import dataclass
from datetime import date

from sourcier_core.errors import DocumentNotFound
from sourcier_core.types import ALWAYS, NEVER, Document, DocumentVersion, Given, Marks, Period
from sourcier_core.version_store import DayField
from sourcier_core.wiring import Stores
from sourcier_ingestion.naming import check_labels


@dataclass(frozen=True, slots=True)
class PeriodChange:
    """Another period for one version; ends that are not named stay."""

    version: str | None = None  # sha256 or its first digits; None: the newest
    effective_from: date | None = None  # None with `from_changes`: since ever
    effective_to: date | None = None  # None with `to_changes`: open
    from_changes: bool = False
    to_changes: bool = False

    @property
    def days(self) -> dict[DayField, int]:
        """The ends to change, as numbers."""
        days: dict[DayField, int] = {}
        if self.from_changes:
            days["first_day"] = self.effective_from.toordinal() if self.effective_from else ALWAYS
        if self.to_changes:
            days["end_day"] = self.effective_to.toordinal() if self.effective_to else NEVER
        return days


class Editing:
    """Changes what chunks have beside their text. Any thread may, also while the document is being replaced.

    The catalogue is changed first, and decides from then on; the stored fields follow before the call
    returns, or at the next start where a crash comes between.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def change(
        self,
        document: Document,
        *,
        tags: frozenset[str] | None = None,
        groups: frozenset[str] | None = None,
        period: PeriodChange | None = None,
    ) -> tuple[Document, DocumentVersion | None]:
        """Give a document other tags or groups, or one of its versions another period; None leaves them.

        Returns:
            The document, and the version whose period changed.

        Raises:
            InvalidName: A tag or group cannot be used.
            InvalidPeriod: The version would be in effect on no day.
            VersionNotFound: There is no such version.
            DocumentNotFound: The document was deleted meanwhile.
            DependencyError: Something outside failed.
        """
        tags = None if tags is None else check_labels("tag", tags)
        groups = None if groups is None else check_labels("group", groups)
        version = None
        if period is not None and period.days:
            version = self._stores.versions.set_period(document, period.version, period.days)
        changed = self._stores.versions.change(document.id, tags=tags, groups=groups)
        if changed is None:
            raise DocumentNotFound(document.id)
        with self._stores.generations.writes.writing():  # so that it is the index which answers from then on
            self._stores.upkeep.settle(document.id)
        return changed, version

    def apply(self, document: Document, given: Given, *, same_file: bool) -> Document:
        """Change a document as the sender of its file says: also its dates, where the file is the same."""
        period = PeriodChange(
            effective_from=given.effective_from,
            effective_to=given.effective_to,
            from_changes=same_file and given.effective_from is not None,
            to_changes=same_file and given.effective_to is not None,
        )
        tags = _unless(given.tags, document.tags)
        groups = _unless(given.groups, document.groups)
        if tags is None and groups is None and not period.days:
            return document
        return self.change(document, tags=tags, groups=groups, period=period)[0]

    def marks(self, document: str, given: Given, period: Period) -> Marks:
        """Return what the chunks of a version to be written have beside their text."""
        known = self._stores.catalogue.document(document)
        if known is not None:
            return Marks(period, known.tags, known.groups)
        return Marks(period, given.tags or frozenset(), given.groups or frozenset())

    def edition(self, document: str, version: str) -> str:
        """Return what the ids of a version's chunks are made of: its sha256, and a count where it returns."""
        before = self._stores.versions.appearances(document, version)
        return f"{version} {before}" if before else version


def _unless(given: frozenset[str] | None, known: frozenset[str]) -> frozenset[str] | None:
    return None if given is None or given == known else given
