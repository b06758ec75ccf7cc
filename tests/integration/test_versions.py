"""Versions in effect, tags, groups and deletes on real stores: what answers on which day, and to whom."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import qdrant_edge as qe
from fakes import InterruptedEmbedder, InterruptedIndex
from homes import no_progress, open_home
from pdfs import write_pdf

from sourcier_core.bm25 import question_vector
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.errors import DocumentRemoved, IndexUnavailable, InvalidPeriod
from sourcier_core.index_payload import DENSE, SPARSE
from sourcier_core.settings import Settings, load_settings
from sourcier_core.types import NOTHING_GIVEN, Given, JobState, Probe, Scope, document_id
from sourcier_core.wiring import Stores
from sourcier_ingestion.editing import Editing, PeriodChange
from sourcier_ingestion.jobs import IngestionJobs
from sourcier_ingestion.pipeline import Ingestion, Outcome, Result

TODAY = date(2026, 3, 10)
GUIDE = document_id("hr", "guide.pdf")


@dataclass
class Clock:
    """A day that tests set."""

    day: date = TODAY

    def __call__(self) -> date:
        return self.day


@dataclass
class Bench:
    """A home whose day is told, and what is asked of it."""

    stores: Stores
    settings: Settings
    clock: Clock
    folder: Path
    ingestion: Ingestion = field(init=False)

    def __post_init__(self) -> None:
        self.ingestion = Ingestion(self.stores, self.settings)

    def file(self, *days: str) -> Path:
        """A guide of one page for each delay."""
        pages = [[f"The delay for a claim is {day} days."] for day in days]
        return write_pdf(self.folder / f"{'-'.join(days)}.pdf", *pages)

    def put(self, *days: str, given: Given = NOTHING_GIVEN, name: str = "guide.pdf") -> Outcome:
        return self.ingestion.ingest(self.file(*days), name, "hr", no_progress, given)

    def scope(self, as_of: date | None = None, groups: frozenset[str] | None = None) -> Scope:
        view = self.stores.catalogue.view()
        day = (as_of or self.clock()).toordinal()
        return Scope(frozenset({"hr"}), view.sequence, day=day, groups=groups, without=view.removed)

    def found(self, within: Scope | None = None, question: str = "delay for a claim") -> set[str]:
        """The words that stand before "days" on the pages found."""
        dense = self.stores.embedder.embed_question(question)
        probe = Probe(dense, question_vector(question, "en"))
        hits = self.stores.index.search([probe], within or self.scope(), 50)
        texts = [self.stores.pages.page(s.chunk.version, s.chunk.page or 1).text for s in hits]
        return {text.split()[-2] for text in texts}

    def on(self, *days: date) -> list[set[str]]:
        return [self.found(self.scope(day)) for day in days]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = Clock()
    with open_home(tmp_path / "home") as stores:
        yield Bench(replace(stores, today=clock), load_settings(home=tmp_path / "home"), clock, tmp_path)


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


# --- periods of effect


def test_a_version_is_in_effect_from_the_day_of_its_commit(bench: Bench) -> None:
    bench.put("thirty")

    assert bench.on(after(-1), TODAY, after(400)) == [set(), {"thirty"}, {"thirty"}]


def test_a_superseded_version_is_found_as_of_its_days_alone(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-100)))
    bench.put("sixty", given=Given(effective_from=after(-10)))

    assert bench.found() == {"sixty"}
    assert bench.on(after(-101), after(-100), after(-11), after(-10)) == [
        set(), {"thirty"}, {"thirty"}, {"sixty"}
    ]  # fmt: skip
    new, old = bench.stores.versions.versions(GUIDE)
    assert (old.period.start, old.period.end) == (after(-100), after(-10))
    assert (new.period.start, new.period.end) == (after(-10), None)
    assert (old.state(9, TODAY.toordinal()), new.state(9, TODAY.toordinal())) == ("superseded", "in_effect")


def test_a_planned_version_takes_over_on_its_day_and_nothing_needs_to_run_for_it(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-100)))
    bench.put("sixty", given=Given(effective_from=after(5)))

    seen = []
    for day in (TODAY, after(4), after(5), after(6)):
        bench.clock.day = day
        seen.append(bench.found())

    assert seen == [{"thirty"}, {"thirty"}, {"sixty"}, {"sixty"}]
    bench.clock.day = TODAY
    assert bench.found(bench.scope(after(5))) == {"sixty"}  # asked for ahead
    assert [one.state(9, TODAY.toordinal()) for one in bench.stores.versions.versions(GUIDE)] == [
        "scheduled",
        "in_effect",
    ]


def test_a_version_ends_on_the_day_that_was_given(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=TODAY, effective_to=after(3)))

    assert bench.on(after(2), after(3)) == [{"thirty"}, set()]


def test_a_period_of_no_day_is_refused_before_anything_is_read(bench: Bench) -> None:
    with pytest.raises(InvalidPeriod, match="From 2026-03-10 to 2026-03-10 is no day"):
        bench.put("thirty", given=Given(effective_from=TODAY, effective_to=TODAY))

    assert bench.stores.catalogue.documents(["hr"]) == []


def test_a_version_that_returns_is_found_in_both_its_periods(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-30)))
    bench.put("sixty", given=Given(effective_from=after(-20)))
    bench.put("thirty", given=Given(effective_from=after(-10)))

    assert bench.on(after(-25), after(-15), after(-5), TODAY) == [
        {"thirty"}, {"sixty"}, {"thirty"}, {"thirty"}
    ]  # fmt: skip


def test_the_pages_of_a_superseded_version_can_be_opened(bench: Bench) -> None:
    old = bench.put("thirty").document
    bench.put("sixty")

    assert old.version is not None
    assert "thirty" in bench.stores.pages.page(old.version, 1).text
    assert bench.stores.originals.exists(old.version)
    assert bench.stores.catalogue.document_version(GUIDE, old.version) is not None


def test_a_write_that_fails_leaves_all_periods_as_they_were(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-30)))
    bench.put("sixty", given=Given(effective_from=after(10)))
    days = after(-1), TODAY, after(9), after(10)
    before = bench.on(*days)

    def fail() -> None:
        raise IndexUnavailable("the test", "gone")

    broken = InterruptedIndex(bench.stores.index, after={"retire": fail})
    with pytest.raises(IndexUnavailable):
        Ingestion(replace(bench.stores, index=broken), bench.settings).ingest(
            bench.file("ninety"), "guide.pdf", "hr", no_progress
        )

    assert bench.on(*days) == before == [{"thirty"}, {"thirty"}, {"thirty"}, {"sixty"}]
    bench.put("ninety")
    assert bench.on(*days) == [{"thirty"}, {"ninety"}, {"ninety"}, {"ninety"}]


def test_dates_may_be_changed_later_and_the_former_versions_follow(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-30)))
    document = bench.put("sixty").document
    editing = Editing(bench.stores)

    _, version = editing.change(document, period=PeriodChange(effective_from=after(-5), from_changes=True))
    moved = bench.on(after(-6), after(-5), TODAY)
    editing.change(document, period=PeriodChange(effective_from=after(7), from_changes=True))

    assert version is not None
    assert version.period.start == after(-5)
    assert moved == [{"thirty"}, {"sixty"}, {"sixty"}]
    assert bench.on(after(-6), TODAY, after(6), after(7)) == [{"thirty"}, {"thirty"}, {"thirty"}, {"sixty"}]


def test_the_same_file_with_other_dates_changes_them_and_nothing_else(bench: Bench) -> None:
    bench.put("thirty")

    outcome = bench.put("thirty", given=Given(effective_from=after(-50), tags=frozenset({"claims"})))

    assert outcome.result is Result.UNCHANGED
    assert outcome.document.tags == frozenset({"claims"})
    assert bench.on(after(-50), TODAY) == [{"thirty"}, {"thirty"}]


# --- how long superseded versions are kept


def count_points(bench: Bench) -> int:
    index = bench.stores.generations.live.index
    assert isinstance(index, EdgeIndex)
    return index._shard.count(qe.CountRequest(exact=True))


def upkeep(bench: Bench, keep_days: int, today: date = TODAY) -> None:
    bench.stores.upkeep.drop_expired(today=today, keep_days=keep_days, linger=0.0)


def test_superseded_chunks_are_dropped_after_the_days_they_are_kept(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-30)))
    bench.put("sixty", given=Given(effective_from=after(-10)))

    upkeep(bench, keep_days=11)
    kept = bench.found(bench.scope(after(-20)))
    upkeep(bench, keep_days=10)

    assert kept == {"thirty"}
    assert bench.on(after(-20), TODAY) == [set(), {"sixty"}]
    assert count_points(bench) == 1
    assert [one.searchable for one in bench.stores.versions.versions(GUIDE)] == [True, False]


def test_a_version_that_was_in_effect_on_no_day_is_dropped_at_once(bench: Bench) -> None:
    for days in ("thirty", "sixty", "ninety"):
        bench.put(days)

    upkeep(bench, keep_days=10_000)

    assert count_points(bench) == 1
    assert bench.found() == {"ninety"}


def test_what_a_planned_version_will_supersede_is_kept_until_then(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-30)))
    bench.put("sixty", given=Given(effective_from=after(5)))

    upkeep(bench, keep_days=0)
    before = bench.found()
    upkeep(bench, keep_days=0, today=after(5))

    assert before == {"thirty"}
    assert bench.on(TODAY, after(5)) == [set(), {"sixty"}]


def test_replaced_chunks_linger_for_the_questions_under_way(bench: Bench) -> None:
    bench.put("thirty")
    before = bench.scope()
    bench.put("sixty")

    bench.stores.upkeep.drop_expired(today=TODAY, keep_days=0)  # less than 30 seconds after the commit

    assert bench.found(before) == {"thirty"}
    assert bench.found() == {"sixty"}


# --- tags and groups


def stored(bench: Bench) -> dict[str, tuple[npt.NDArray[np.float64], list[int], list[float]]]:
    """Every point's vectors, as the engine has them."""
    index = bench.stores.generations.live.index
    assert isinstance(index, EdgeIndex)
    records, _ = index._shard.scroll(qe.ScrollRequest(limit=1000, with_vector=True, with_payload=False))
    return {
        str(record.id): (
            np.array(_vectors(record)[DENSE]),
            list(_vectors(record)[SPARSE].indices),
            list(_vectors(record)[SPARSE].values),
        )
        for record in records
    }


def _vectors(record: qe.Record) -> dict[str, Any]:
    assert isinstance(record.vector, dict)
    return record.vector


def test_changing_tags_groups_and_dates_touches_no_vector(bench: Bench) -> None:
    document = bench.put("thirty", "forty").document
    bench.put("sixty")
    before = stored(bench)

    def never() -> None:
        raise AssertionError("a point was written")

    guarded = InterruptedIndex(
        bench.stores.index, before={"upsert": never, "discard": never, "remove": never}
    )

    class NoEmbedder:
        """Fails when anything is embedded."""

    Editing(replace(bench.stores, index=guarded, embedder=NoEmbedder())).change(  # type: ignore[arg-type]
        document,
        tags=frozenset({"claims"}),
        groups=frozenset({"legal"}),
        period=PeriodChange(effective_to=after(9), to_changes=True),
    )

    changed = stored(bench)
    assert changed.keys() == before.keys()
    for key, (dense, indices, values) in before.items():
        assert np.array_equal(changed[key][0], dense)
        assert (changed[key][1], changed[key][2]) == (indices, values)
    assert bench.found(bench.scope(groups=frozenset())) == set()
    assert bench.found(bench.scope(groups=frozenset({"legal"}))) == {"sixty"}
    assert bench.found(bench.scope(after(9))) == set()


def test_groups_given_with_the_file_hold_from_the_first_answer_on(bench: Bench) -> None:
    bench.put("thirty", given=Given(groups=frozenset({"legal"})))

    assert bench.found(bench.scope(groups=frozenset())) == set()
    assert bench.found(bench.scope(groups=frozenset({"legal"}))) == {"thirty"}


def test_a_new_version_keeps_the_documents_tags_and_groups(bench: Bench) -> None:
    bench.put("thirty", given=Given(tags=frozenset({"claims"}), groups=frozenset({"legal"})))

    document = bench.put("sixty").document

    assert (document.tags, document.groups) == (frozenset({"claims"}), frozenset({"legal"}))
    assert bench.stores.catalogue.document(GUIDE) == document
    assert bench.found(bench.scope(groups=frozenset())) == set()


def test_groups_changed_while_a_new_version_is_written_hold_for_it_too(bench: Bench) -> None:
    document = bench.put("thirty").document
    editing = Editing(bench.stores)

    def close() -> None:
        editing.change(document, groups=frozenset({"legal"}))

    closing = InterruptedIndex(bench.stores.index, after={"retire": close})
    Ingestion(replace(bench.stores, index=closing), bench.settings).ingest(
        bench.file("sixty"), "guide.pdf", "hr", no_progress
    )

    assert bench.found(bench.scope(groups=frozenset())) == set()
    assert bench.found(bench.scope(groups=frozenset({"legal"}))) == {"sixty"}
    assert bench.stores.versions.owed() == []


def test_a_change_that_a_crash_cut_short_is_carried_out_later(bench: Bench) -> None:
    document = bench.put("thirty").document

    def fail() -> None:
        raise IndexUnavailable("the test", "gone")

    broken = InterruptedIndex(bench.stores.index, before={"restate": fail})
    with pytest.raises(IndexUnavailable):
        Editing(replace(bench.stores, index=broken)).change(document, groups=frozenset({"legal"}))
    assert bench.stores.versions.owed() == [GUIDE]

    bench.stores.upkeep.settle_all()

    assert bench.found(bench.scope(groups=frozenset())) == set()
    assert bench.stores.versions.owed() == []


# --- delete


def jobs_of(bench: Bench, ingestion: Ingestion) -> IngestionJobs:
    return IngestionJobs(ingestion, bench.stores.jobs, bench.stores.home.uploads)


def left(bench: Bench) -> tuple[int, list[str], list[str]]:
    """What is stored: points, originals, page files."""
    files = Path(bench.stores.home.originals), Path(bench.stores.home.pages)
    originals, pages = ([path.name for path in folder.iterdir()] for folder in files)
    return count_points(bench), originals, pages


def test_all_versions_of_a_deleted_document_are_gone_also_as_of_their_days(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-30)))
    document = bench.put("sixty").document
    boxes = bench.stores.quote_boxes
    assert document.version is not None

    bench.ingestion.delete(document.id)

    assert bench.on(after(-20), TODAY) == [set(), set()]
    assert bench.stores.versions.versions(GUIDE) == []
    assert left(bench) == (0, [], [])
    assert boxes.get(document.version, 1, 0, 5) is None


def test_a_delete_while_its_file_is_read_wins(bench: Bench) -> None:
    document = bench.put("thirty").document
    reached, go_on = threading.Event(), threading.Event()

    def interrupt() -> None:
        reached.set()
        assert go_on.wait(30)

    slow = replace(bench.stores, embedder=InterruptedEmbedder(bench.stores.embedder, 1, interrupt))
    ingestion = Ingestion(slow, bench.settings)
    jobs = jobs_of(bench, ingestion)
    jobs.start()
    running = jobs.submit(BytesIO(bench.file("sixty").read_bytes()), "guide.pdf", "hr", 10**6)
    waiting = jobs.submit(BytesIO(bench.file("ninety").read_bytes()), "guide.pdf", "hr", 10**6)
    other = jobs.submit(BytesIO(bench.file("seven").read_bytes()), "other.pdf", "hr", 10**6)
    assert reached.wait(30)

    ingestion.delete(document.id)  # returns at once: the file is still being read
    seen = bench.found()
    go_on.set()
    wait_until(lambda: bench.found() == {"seven"})
    jobs.stop()

    assert seen == set()
    states = [found.state for job in (running, waiting, other) if (found := bench.stores.jobs.get(job.id))]
    assert states == [JobState.CANCELLED, JobState.CANCELLED, JobState.DONE]
    assert bench.stores.catalogue.document(GUIDE) is None
    points, originals, pages = left(bench)
    assert (points, len(originals), len(pages)) == (1, 1, 1)
    assert bench.stores.catalogue.removals() == []
    assert list(bench.stores.home.uploads.iterdir()) == []


def test_a_file_sent_after_the_delete_is_taken(bench: Bench) -> None:
    document = bench.put("thirty").document
    bench.ingestion.delete(document.id)
    jobs = jobs_of(bench, bench.ingestion)
    jobs.start()

    jobs.submit(BytesIO(bench.file("thirty").read_bytes()), "guide.pdf", "hr", 10**6)

    wait_until(lambda: bench.found() == {"thirty"})
    jobs.stop()


def test_a_deleted_document_that_was_never_committed_stays_away(bench: Bench) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def interrupt() -> None:
        reached.set()
        assert go_on.wait(30)

    slow = replace(bench.stores, embedder=InterruptedEmbedder(bench.stores.embedder, 1, interrupt))
    ingestion = Ingestion(slow, bench.settings)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            ingestion.ingest(bench.file("thirty"), "guide.pdf", "hr", no_progress)
        except DocumentRemoved as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert reached.wait(30)
    ingestion.delete(GUIDE)
    go_on.set()
    thread.join(30)

    assert len(raised) == 1
    assert left(bench) == (0, [], [])
    assert bench.stores.catalogue.documents(["hr"]) == []


def test_a_delete_that_a_crash_cut_short_is_finished_later(bench: Bench) -> None:
    document = bench.put("thirty").document
    bench.stores.catalogue.commit_delete(document.id)  # and nothing more: the process died
    assert bench.found() == set()

    bench.stores.upkeep.purge_removed()

    assert left(bench) == (0, [], [])
    assert bench.stores.catalogue.removals() == []


# --- files that no document has


def test_a_file_whose_write_failed_leaves_nothing_on_disk(bench: Bench) -> None:
    def fail() -> None:
        raise IndexUnavailable("the test", "gone")

    broken = replace(bench.stores, index=InterruptedIndex(bench.stores.index, before={"upsert": fail}))

    with pytest.raises(IndexUnavailable):
        Ingestion(broken, bench.settings).ingest(bench.file("thirty"), "guide.pdf", "hr", no_progress)

    assert left(bench) == (0, [], [])


def test_a_file_that_failed_and_that_another_document_has_is_kept(bench: Bench) -> None:
    bench.put("thirty", name="one.pdf")

    def fail() -> None:
        raise IndexUnavailable("the test", "gone")

    broken = replace(bench.stores, index=InterruptedIndex(bench.stores.index, before={"upsert": fail}))
    with pytest.raises(IndexUnavailable):
        Ingestion(broken, bench.settings).ingest(bench.file("thirty"), "two.pdf", "hr", no_progress)

    assert bench.found() == {"thirty"}


def test_files_of_a_process_that_died_before_its_commit_are_removed(bench: Bench) -> None:
    document = bench.put("thirty").document
    with bench.stores.originals.write("e" * 64) as file:
        file.write(b"never committed")

    bench.stores.upkeep.remove_orphans()

    assert [path.name for path in Path(bench.stores.home.originals).iterdir()] == [document.version]


# --- an index of an earlier release


def test_chunks_without_the_new_fields_are_seen_by_nobody_until_they_are_restated(bench: Bench) -> None:
    bench.put("thirty", given=Given(effective_from=after(-5)))
    index = bench.stores.generations.live.index
    assert isinstance(index, EdgeIndex)
    fields = ["groups", "tags", "first_day", "end_day", "superseded_day"]
    ours = qe.Filter(must=[qe.FieldCondition(key="document", match=qe.MatchValue(value=GUIDE))])
    index._update(qe.UpdateOperation.delete_payload_by_filter(ours, fields))
    unseen = bench.found(bench.scope(groups=None))

    bench.stores.versions.owe_all()
    bench.stores.upkeep.settle_all()

    assert unseen == set()
    assert bench.on(after(-6), after(-5)) == [set(), {"thirty"}]
