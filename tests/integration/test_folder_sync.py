"""A followed folder: what is added, changed and removed there is so in the documents, and nothing else."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from homes import no_progress, open_home

from sourcier_core.settings import Settings
from sourcier_core.types import document_id
from sourcier_core.watch_store import FileState, WatchState, WatchStore
from sourcier_core.wiring import Stores
from sourcier_ingestion.folder_sync import FolderSync, SyncReport
from sourcier_ingestion.folder_targets import Given, HomeFolderTarget, QueueFolderTarget, Ticket
from sourcier_ingestion.folder_watching import FolderWatching, as_watch
from sourcier_ingestion.jobs import IngestionJobs
from sourcier_ingestion.pipeline import Ingestion

WAIT_SECONDS = 20


@dataclass
class Followed:
    """A home, a folder, and what follows it."""

    stores: Stores
    folder: Path
    ingestion: Ingestion

    def sync(self, *, settle: float = 0.0, **more: Any) -> FolderSync:
        return self.sync_of(self.folder, settle=settle, **more)

    def sync_of(self, folder: Path, *, settle: float = 0.0, collection: str = "c", **more: Any) -> FolderSync:
        return FolderSync(
            as_watch(folder, collection, settle_seconds=settle, **more),
            target=HomeFolderTarget(self.stores, self.ingestion),
            store=self.store,
            home=self.stores.home.root,
        )

    @property
    def store(self) -> WatchStore:
        return WatchStore(self.stores.catalogue.engine)

    def run(self, **more: Any) -> SyncReport:
        return self.sync().run(**more)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def answering(self, collection: str = "c") -> set[str]:
        return {d.name for d in self.stores.catalogue.documents([collection]) if d.version is not None}

    def version(self, name: str) -> str | None:
        found = self.stores.catalogue.document(document_id("c", name))
        return found.version if found else None


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    folder = tmp_path / "folder"
    folder.mkdir()
    with open_home(tmp_path / "home") as stores:
        yield Followed(stores, folder, Ingestion(stores, Settings(home=tmp_path / "home")))


def three(followed: Followed) -> None:
    followed.write("a.md", "# A\n\nThe gate closes at nine.")
    followed.write("below/b.md", "# B\n\nThe pump is oiled weekly.")
    followed.write("c.txt", "A claim is filed within a month.")
    followed.run()


# --- added, changed, removed


def test_what_is_added_changed_and_removed_in_the_folder_is_so_in_the_documents(followed: Followed) -> None:
    three(followed)
    first, changed = followed.version("c.txt"), followed.version("a.md")
    followed.write("a.md", "# A\n\nThe gate closes at ten, from May on.")
    followed.write("d.md", "# D\n\nNew.")
    (followed.folder / "below" / "b.md").unlink()

    report = followed.run()

    assert (report.added, report.changed, report.removed) == (["d.md"], ["a.md"], ["below/b.md"])
    assert (report.unchanged, report.state) == (1, WatchState.OK)
    assert followed.answering() == {"a.md", "c.txt", "d.md"}
    assert followed.version("c.txt") == first
    assert followed.version("a.md") not in (None, changed)


def test_a_second_pass_changes_nothing_and_takes_nothing(followed: Followed) -> None:
    three(followed)
    sequence = followed.stores.catalogue.sequence()

    report = followed.run()

    assert (report.added, report.changed, report.removed, report.unchanged) == ([], [], [], 3)
    assert followed.stores.catalogue.sequence() == sequence


def test_a_file_whose_time_alone_changed_is_not_read_again(followed: Followed) -> None:
    three(followed)
    sequence = followed.stores.catalogue.sequence()
    os.utime(followed.folder / "a.md", (1_000_000_000, 1_000_000_000))

    report = followed.run()

    assert (report.changed, report.unchanged) == ([], 3)
    assert followed.stores.catalogue.sequence() == sequence
    assert followed.store.files(followed.sync().id)["a.md"].modified_ns == 10**18


def test_a_renamed_file_answers_under_its_new_name_alone(followed: Followed) -> None:
    three(followed)
    (followed.folder / "a.md").rename(followed.folder / "z.md")

    report = followed.run()

    assert (report.added, report.renamed, report.removed) == (["z.md"], ["a.md"], [])
    assert followed.answering() == {"z.md", "below/b.md", "c.txt"}


def test_a_renamed_folder_is_no_vanished_one(followed: Followed) -> None:
    for n in range(6):
        followed.write(f"old/{n}.md", f"# {n}\n\nRule {n} holds.")
    followed.run()
    (followed.folder / "old").rename(followed.folder / "new")

    report = followed.run()

    assert (report.state, len(report.renamed)) == (WatchState.OK, 6)
    assert followed.answering() == {f"new/{n}.md" for n in range(6)}


def test_without_delete_nothing_is_removed(followed: Followed) -> None:
    three(followed)
    (followed.folder / "a.md").unlink()

    report = followed.sync(delete=False).run()

    assert (report.gone, report.removed) == (["a.md"], [])
    assert followed.answering() == {"a.md", "below/b.md", "c.txt"}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(followed: Followed) -> None:
    three(followed)
    sequence = followed.stores.catalogue.sequence()
    known = followed.store.files(followed.sync().id)
    followed.write("a.md", "# A\n\nChanged for good.")
    followed.write("d.md", "# D\n\nNew.")
    (followed.folder / "c.txt").unlink()

    report = followed.run(dry_run=True)

    assert (report.added, report.changed, report.removed) == (["d.md"], ["a.md"], ["c.txt"])
    assert followed.stores.catalogue.sequence() == sequence
    assert followed.store.files(followed.sync().id) == known


def test_globs_say_what_is_followed_and_what_they_leave_out_later_is_removed(followed: Followed) -> None:
    three(followed)

    report = followed.sync(exclude=("below/*",)).run()

    assert report.removed == ["below/b.md"]
    assert followed.sync_of(followed.folder, collection="d", include=("*.txt",)).run().added == ["c.txt"]


def test_the_collection_is_published_only_where_that_is_said(followed: Followed) -> None:
    followed.write("a.md", "# A\n\nWords.")
    followed.run()
    followed.sync_of(followed.folder, collection="open", public=True).run()

    access = {collection.name: collection.public for collection in followed.stores.catalogue.collections()}

    assert access == {"c": False, "open": True}


# --- what is never removed


def test_a_folder_that_vanishes_keeps_its_documents_and_says_so(followed: Followed) -> None:
    three(followed)
    followed.folder.rename(followed.folder.with_name("unmounted"))

    report = followed.run(force=True)

    assert report.state is WatchState.MISSING
    assert "cannot be listed" in (report.message or "")
    assert followed.answering() == {"a.md", "below/b.md", "c.txt"}
    (watch,) = followed.store.all()
    assert (watch.state, watch.message) == (WatchState.MISSING, report.message)

    followed.folder.with_name("unmounted").rename(followed.folder)
    assert followed.run().state is WatchState.OK


def test_an_empty_mount_point_keeps_its_documents_until_it_is_confirmed(followed: Followed) -> None:
    three(followed)
    for path in [path for path in followed.folder.rglob("*") if path.is_file()]:
        path.unlink()

    guarded = followed.run()

    assert (guarded.state, guarded.removed) == (WatchState.GUARDED, [])
    assert "3 of 3 files are gone" in (guarded.message or "")
    assert followed.answering() == {"a.md", "below/b.md", "c.txt"}
    assert len(followed.run(force=True).removed) == 3
    assert followed.answering() == set()


@pytest.mark.parametrize(("gone", "removed"), [(5, 5), (6, 0)])
def test_more_than_the_stated_share_is_not_believed(followed: Followed, gone: int, removed: int) -> None:
    for n in range(10):
        followed.write(f"{n}.md", f"# {n}\n\nRule {n} holds.")
    followed.run()
    for n in range(gone):
        (followed.folder / f"{n}.md").unlink()

    report = followed.sync(max_removed_share=0.5).run()  # half of 10 is 5

    assert len(report.removed) == removed
    assert len(followed.answering()) == 10 - removed


def test_a_folder_below_that_cannot_be_listed_keeps_its_documents(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(followed)
    scandir = os.scandir

    def failing(path: Any) -> Any:
        if str(path).endswith("below"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)  # a test that runs as root cannot forbid itself a folder

    report = followed.run()

    assert (report.unlisted, report.removed, report.is_bad) == (["below"], [], True)
    assert "below/b.md" in followed.answering()


def test_a_document_that_came_from_elsewhere_is_never_removed(followed: Followed, tmp_path: Path) -> None:
    mine = tmp_path / "mine.md"
    mine.write_text("# Mine\n\nAdded by hand.")
    followed.ingestion.ingest(mine, "mine.md", "c", no_progress)
    followed.ingestion.ingest(mine, "same.md", "c", no_progress)
    three(followed)
    followed.write("same.md", mine.read_text())  # the folder has what was there already
    followed.run()
    (followed.folder / "same.md").unlink()
    followed.ingestion.ingest(mine, "a.md", "c", no_progress)  # replaced by hand since
    (followed.folder / "a.md").unlink()

    report = followed.run()

    assert sorted(report.not_ours) == ["a.md", "same.md"]
    assert report.removed == []
    assert followed.answering() == {"mine.md", "same.md", "a.md", "below/b.md", "c.txt"}


def test_a_name_that_another_folder_gives_is_left_to_it(followed: Followed, tmp_path: Path) -> None:
    three(followed)
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.md").write_text("# Other\n\nSomething else.")
    before = followed.version("a.md")

    report = followed.sync_of(other).run()

    assert "comes from" in report.failed["a.md"]
    assert followed.version("a.md") == before


def test_a_document_deleted_by_hand_stays_deleted_until_its_file_changes(followed: Followed) -> None:
    three(followed)
    document = followed.stores.catalogue.document(document_id("c", "a.md"))
    assert document is not None
    followed.ingestion.delete(document.id)

    followed.run()
    assert "a.md" not in followed.answering()

    followed.write("a.md", "# A\n\nA new text altogether.")
    followed.run()
    assert "a.md" in followed.answering()


# --- what is not read


def test_a_file_that_is_still_being_written_is_left_until_it_stands_still(followed: Followed) -> None:
    path = followed.write("a.md", "# A\n\nBegin")
    writing = threading.Timer(0.3, lambda: path.write_text("# A\n\nBegin and end, whole."))
    writing.start()

    first = followed.sync(settle=1.0).run()
    writing.join()
    second = followed.sync(settle=0.2).run()

    assert (first.waiting, first.added) == (["a.md"], [])
    assert (second.waiting, second.added) == ([], ["a.md"])


def test_a_file_that_changes_while_it_is_taken_is_left_for_the_next_pass(followed: Followed) -> None:
    path = followed.write("a.md", "# A\n\nBegin")

    class Slow(HomeFolderTarget):
        def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
            path.write_text("# A\n\nBegin and end, whole.")  # between the digest and the copy
            return super().begin(source, name, collection)

    sync = FolderSync(
        as_watch(followed.folder, "c", settle_seconds=0.0),
        target=Slow(followed.stores, followed.ingestion),
        store=followed.store,
        home=followed.stores.home.root,
    )

    assert sync.run().waiting == ["a.md"]
    assert followed.answering() == set()
    assert list(followed.stores.home.uploads.iterdir()) == []
    assert followed.run().added == ["a.md"]


def test_links_that_lead_outside_are_not_followed(followed: Followed, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.md").write_text("# Secret\n\nNobody may see it.")
    followed.write("a.md", "# A\n\nThe gate closes at nine.")
    (followed.folder / "link.md").symlink_to(secret / "s.md")
    (followed.folder / "linked").symlink_to(secret)
    (followed.folder / "loop").symlink_to(followed.folder)
    (followed.folder / "inside.md").symlink_to(followed.folder / "a.md")
    (followed.folder / "broken.md").symlink_to(tmp_path / "nowhere.md")

    report = followed.run()

    assert sorted(report.added) == ["a.md", "inside.md"]


def test_hidden_files_locks_pipes_and_other_types_are_not_read(followed: Followed) -> None:
    followed.write("a.md", "# A\n\nWords.")
    followed.write(".b.md", "hidden")
    followed.write(".git/c.md", "hidden")
    followed.write("~$d.md", "a lock")
    followed.write("e.docx", "another type")
    os.mkfifo(followed.folder / "f.md")

    assert followed.run().added == ["a.md"]


def test_the_products_own_home_is_never_entered(followed: Followed) -> None:
    root = followed.stores.home.root
    (root / "notes.md").write_text("# Notes\n\nInside of the home.")
    beside = followed.sync_of(root.parent)

    assert beside.run().added == []


def test_a_name_that_is_no_text_is_reported(followed: Followed) -> None:
    with open(os.fsencode(followed.folder) + b"/\xff.md", "wb") as file:  # noqa: PTH123 - no Path of it
        file.write(b"# Words")

    report = followed.run()

    assert list(report.refused) == ["\\udcff.md"]
    assert report.is_bad


# --- bad files and failures


def test_a_refused_file_is_tried_again_only_when_it_changes(followed: Followed) -> None:
    followed.write("a.pdf", "%PDF-1.7 and no more")
    first = followed.run()
    second = followed.run()
    followed.write("a.pdf", "%PDF-1.7 and no more, still")
    third = followed.run()

    assert [list(report.refused) for report in (first, second, third)] == [["a.pdf"], [], ["a.pdf"]]
    (watch,) = followed.store.all()
    assert watch.report["problems"][0]["name"] == "a.pdf"
    (followed.folder / "a.pdf").unlink()
    assert followed.run(force=True).removed == ["a.pdf"]  # also out of the list of refused ones
    assert followed.stores.catalogue.documents(["c"]) == []


def test_a_former_version_answers_on_where_the_new_one_is_refused(followed: Followed) -> None:
    three(followed)
    before = followed.version("a.md")
    followed.write("a.md", "")

    report = followed.run()

    assert list(report.refused) == ["a.md"]
    assert followed.version("a.md") == before
    (followed.folder / "a.md").unlink()
    assert followed.run().removed == ["a.md"]


def test_a_failure_is_tried_again_a_few_times(followed: Followed) -> None:
    tried = 0

    class Failing(HomeFolderTarget):
        def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
            nonlocal tried
            tried += 1
            return lambda stopped: Given(answers=False, error_code="index_unavailable", error="It failed.")

    followed.write("a.md", "# A\n\nWords.")
    sync = FolderSync(
        as_watch(followed.folder, "c", settle_seconds=0.0),
        target=Failing(followed.stores, followed.ingestion),
        store=followed.store,
        home=followed.stores.home.root,
    )

    for _ in range(8):
        sync.run()
    assert tried == 5
    sync.run(force=True)
    assert tried == 6
    assert followed.run(force=True).added == ["a.md"]  # with a target that works


def test_what_a_killed_pass_had_begun_is_taken_up_and_still_belongs_to_the_folder(followed: Followed) -> None:
    class Killed(HomeFolderTarget):
        def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
            finish = super().begin(source, name, collection)

            def ended(stopped: Callable[[], bool]) -> Given:
                finish(stopped)
                raise KeyboardInterrupt  # the document answers, and nobody noted it

            return ended

    followed.write("a.md", "# A\n\nWords.")
    followed.write("b.md", "# B\n\nOther words.")
    sync = FolderSync(
        as_watch(followed.folder, "c", settle_seconds=0.0),
        target=Killed(followed.stores, followed.ingestion),
        store=followed.store,
        home=followed.stores.home.root,
    )
    with pytest.raises(KeyboardInterrupt):
        sync.run()
    states = {file.state for file in followed.store.files(sync.id).values()}

    report = followed.run()

    assert states == {FileState.PENDING}
    assert followed.answering() == {"a.md", "b.md"}
    assert report.failed == {}
    (followed.folder / "a.md").unlink()
    assert followed.run().removed == ["a.md"]


# --- while a server lives


@contextmanager
def watching(followed: Followed, *folders: Path, interval: float) -> Iterator[FolderWatching]:
    settings = Settings(home=followed.stores.home.root)
    jobs = IngestionJobs(followed.ingestion, followed.stores.jobs, followed.stores.home.uploads)
    target = QueueFolderTarget(followed.stores, followed.ingestion, jobs, settings)
    watches = [as_watch(f, "c", settle_seconds=0.1, interval_seconds=interval) for f in folders]
    made = FolderWatching(
        watches,
        followed.store,
        lambda watch, stopping: FolderSync(
            watch, target=target, store=followed.store, home=settings.home, stopping=stopping
        ),
    )
    jobs.start()
    made.start()
    try:
        yield made
    finally:
        made.stop()
        jobs.stop()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_changes_are_followed_at_once_where_the_platform_tells(followed: Followed) -> None:
    followed.write("a.md", "# A\n\nThe gate closes at nine.")
    followed.write("b.md", "# B\n\nThe pump is oiled weekly.")
    with watching(followed, followed.folder, interval=3600) as made:
        until(lambda: followed.answering() == {"a.md", "b.md"})
        until(lambda: made.statuses()[0].notified)
        followed.write("below/c.md", "# C\n\nNew.")
        until(lambda: followed.answering() == {"a.md", "b.md", "below/c.md"})
        (followed.folder / "a.md").unlink()
        until(lambda: followed.answering() == {"b.md", "below/c.md"})

        assert made.warnings() == []


def test_the_schedule_finds_what_nobody_told_of(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    import watchfiles

    def none(*_: Any, **__: Any) -> Any:
        raise OSError(28, "no space left: inotify watches")

    monkeypatch.setattr(watchfiles, "watch", none)
    with watching(followed, followed.folder, interval=1) as made:
        until(lambda: made.statuses() != [])
        followed.write("a.md", "# A\n\nThe gate closes at nine.")
        until(lambda: followed.answering() == {"a.md"})

        assert not made.statuses()[0].notified


def test_a_missing_folder_is_a_warning_that_stays_until_it_is_there(
    followed: Followed, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    with watching(followed, late, followed.folder, interval=1) as made:
        until(lambda: made.warnings() == ["watched_folder_missing"])
        followed.write("a.md", "# A\n\nThe other folder is followed on.")
        until(lambda: followed.answering() == {"a.md"})
        late.mkdir()
        (late / "b.md").write_text("# B\n\nIt came.")
        until(lambda: followed.answering() == {"a.md", "b.md"})
        until(lambda: made.warnings() == [])


def test_a_scan_on_request_may_confirm_that_all_is_gone(followed: Followed) -> None:
    path = followed.write("a.md", "# A\n\nThe gate closes at nine.")
    with watching(followed, followed.folder, interval=3600) as made:
        until(lambda: followed.answering() == {"a.md"})
        path.unlink()
        until(lambda: made.warnings() == ["watched_folder_guarded"])
        made.scan_now(made.statuses()[0].watch.id, force=True)
        until(lambda: followed.answering() == set())
        until(lambda: made.warnings() == [])
