"""A home -> a backup file -> another home that answers the same; and what is refused, nothing changed."""

import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from homes import no_progress, open_home
from pdfs import Title, write_pdf

from sourcier_core import backup_archive
from sourcier_core.backup import back_up, backup_blocks, new_file, restore, snapshot, verify
from sourcier_core.backup_archive import DIGEST_LENGTH, MANIFEST, open_backup
from sourcier_core.errors import (
    BackupBroken,
    BackupImpossible,
    BackupTooNew,
    HomeNotEmpty,
    IndexLocked,
    PathTaken,
    SourcierError,
)
from sourcier_core.home import Home
from sourcier_core.home_exchange import content_of
from sourcier_core.settings import Settings, load_settings
from sourcier_core.types import JobState
from sourcier_ingestion.pipeline import Ingestion
from sourcier_service.access import OPERATOR
from sourcier_service.api.presenting import present_answer
from sourcier_service.calibration_files import FOLDER, IN_USE
from sourcier_service.wiring import Services, open_services

QUESTIONS = (
    "What is the mileage rate above 5,000 km?",
    "When does the gate of the depot close?",
    "Quel est le délai de remboursement des frais ?",
    "Who won the football match?",
)


@pytest.fixture(scope="module")
def saved(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path, dict[str, Any]]:
    """A home, a backup of it, and what it answers."""
    folder = tmp_path_factory.mktemp("saved")
    settings = settings_of(folder / "home", exports)
    with opened(settings) as services:
        fill(services, folder)
        answers = answers_of(services)
        back_up(services.stores, settings, folder / "backup.zip")
    return settings, folder / "backup.zip", answers


def settings_of(home: Path, exports: Path, **sections: dict[str, Any]) -> Settings:
    return load_settings(home=home, overrides={"embedding": {"exports": exports}, **sections})


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    services = open_services(settings, owner="a test")
    try:
        yield services
    finally:
        services.close()


def fill(services: Services, folder: Path) -> None:
    guide = write_pdf(
        folder / "guide.pdf",
        [Title("1 Depot"), "The gate of the depot closes at nine in the evening."],
        [Title("2 Claims"), "The mileage rate above 5,000 km is 0.42 euro per kilometre."],
    )
    notes = folder / "notes.md"
    notes.write_text("# Frais\n\nLe délai de remboursement des frais est de 45 jours.\n", encoding="utf-8")
    services.ingestion.ingest(guide, "guide.pdf", "open", no_progress)
    services.ingestion.ingest(notes, "notes.md", "open", no_progress)
    broken = folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and no more")
    services.ingestion.ingest(broken, "broken.pdf", "open", no_progress)


def answers_of(services: Services) -> dict[str, Any]:
    """The whole body of each answer: ids, spans, boxes, scores, confidence."""
    scope = services.access.scope(OPERATOR)
    return {
        question: present_answer(services.answering.answer(question, scope)).model_dump(
            mode="json", exclude={"id", "timings"}
        )
        for question in QUESTIONS
    }


def contents(folder: Path) -> dict[str, str]:
    """The sha256 of each file of a home, but for the note of who owned it last."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "owner.lock"
    }


# --- what is restored answers the same


def test_a_restored_home_answers_the_same_questions_identically(
    saved: tuple[Settings, Path, dict[str, Any]], tmp_path: Path, exports: Path
) -> None:
    _, file, answers = saved
    settings = settings_of(tmp_path / "elsewhere", exports)

    restored = restore(file, settings)

    assert (restored.aside, restored.checked) == (None, True)
    with opened(settings) as services:
        assert answers_of(services) == answers
        names = {
            document.name: document.status.value for document in services.stores.catalogue.documents(["open"])
        }
    assert names == {"broken.pdf": "refused", "guide.pdf": "ready", "notes.md": "ready"}
    assert [answers[question]["status"] for question in QUESTIONS[:3]] == ["answered"] * 3


def test_a_restored_home_takes_further_documents(
    saved: tuple[Settings, Path, dict[str, Any]], tmp_path: Path, exports: Path
) -> None:
    _, file, _ = saved
    settings = settings_of(tmp_path / "home", exports)
    restore(file, settings)

    with opened(settings) as services:
        more = write_pdf(tmp_path / "more.pdf", ["The football match was won by the Depot Rovers."])
        services.ingestion.ingest(more, "more.pdf", "open", no_progress)

        assert answers_of(services)[QUESTIONS[3]]["citations"][0]["document"]["name"] == "more.pdf"


def test_keys_and_calibrations_are_in_it_and_the_model_is_not(exports: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", exports)
    with open_home(settings.home) as stores:
        key = stores.keys.create(frozenset({"admin"}))
        (settings.home / FOLDER).mkdir()
        (settings.home / FOLDER / IN_USE).write_text("1\n")
        (settings.home / "models").mkdir()
        (settings.home / "models" / "large").write_bytes(b"weights")
        manifest = back_up(stores, settings, tmp_path / "b.zip")

    restore(tmp_path / "b.zip", settings_of(tmp_path / "new", exports), unchecked=True)

    assert manifest.described.model == settings.embedding.model
    assert [m.name for m in manifest.members if m.name.startswith("models")] == []
    assert (tmp_path / "new" / FOLDER / IN_USE).read_text() == "1\n"
    with open_home(tmp_path / "new") as stores:
        assert stores.keys.recognise(key) is not None


def test_the_model_is_in_it_on_request_and_is_enough_to_answer(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path
) -> None:
    settings, _, answers = saved
    with opened(settings) as services:
        back_up(services.stores, settings, tmp_path / "b.zip", include_model=True)
    without = load_settings(home=tmp_path / "new")  # whose models are in the home

    restore(tmp_path / "b.zip", without)

    assert any((tmp_path / "new" / "models").iterdir())
    with opened(without) as services:
        assert answers_of(services) == answers


def test_the_same_home_gives_the_same_members(
    saved: tuple[Settings, Path, dict[str, Any]], tmp_path: Path
) -> None:
    settings, file, _ = saved
    with opened(settings) as services:
        again = back_up(services.stores, settings, tmp_path / "again.zip")

    stable = {m for m in verify(file).members if m.name.startswith(("originals", "pages"))}

    assert stable == {m for m in again.members if m.name.startswith(("originals", "pages"))}
    assert len(stable) == 4  # two documents that answer, each with its original and its pages


# --- while it is written


def test_a_write_under_way_is_not_in_what_is_restored(exports: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", exports)
    target = settings_of(tmp_path / "new", exports)
    with opened(settings) as services:
        fill(services, tmp_path)
        answers = answers_of(services)
        stores = services.stores
        # Chunks of the next version are written and the former ones ended, and nothing is committed.
        document = next(d for d in stores.catalogue.documents(["open"]) if d.name == "guide.pdf")
        write = stores.catalogue.begin_write(document.id)
        stores.index.retire(document.id, write.sequence)

        back_up(stores, settings, tmp_path / "b.zip")

        stores.upkeep.restate(document.id)
        stores.catalogue.abandon_write(write)

    restore(tmp_path / "b.zip", target)

    with opened(target) as services:
        assert services.stores.catalogue.unfinished_writes() == []
        assert answers_of(services) == answers


def test_backups_made_while_documents_come_and_go_each_restore_whole(exports: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", exports)
    stop = threading.Event()
    with open_home(settings.home) as stores:
        ingestion = Ingestion(stores, settings)
        files = [
            write_pdf(tmp_path / f"{n}.pdf", [f"Rule {n} says so."], [f"More of {n}."]) for n in range(6)
        ]

        def work() -> None:
            turn = 0
            while not stop.is_set():
                path = files[turn % 6]
                ingestion.ingest(path, f"{turn % 4}.pdf", "c", no_progress)
                if turn % 5 == 4:
                    ingestion.delete(stores.catalogue.documents(["c"])[0].id)
                turn += 1

        thread = threading.Thread(target=work)
        thread.start()
        try:
            made = [back_up(stores, settings, tmp_path / f"{n}.zip") for n in range(6)]
        finally:
            stop.set()
            thread.join()

    assert len({manifest.described.sequence for manifest in made}) > 1  # the work went on
    for n, manifest in enumerate(made):
        assert manifest.described.missing == ()
        home = tmp_path / f"restored-{n}"
        restore(tmp_path / f"{n}.zip", settings_of(home, exports), unchecked=True)
        with open_home(home) as stores:
            seen = chunks_and_documents(stores)
        assert seen == (manifest.described.chunks, manifest.described.documents)
    assert [path.name for path in settings.home.iterdir() if path.name.startswith(".backup-")] == []


def chunks_and_documents(stores: Any) -> tuple[int, int]:
    """What answers, and what the catalogue says should; both by the catalogue, so that they must agree."""
    from homes import everything

    from sourcier_core.wiring import undo_unfinished_writes

    undo_unfinished_writes(stores.catalogue, stores.index)
    documents = stores.catalogue.documents(["c"])
    count = stores.index.count(everything(stores))
    assert count == sum(document.chunk_count for document in documents)
    for document in documents:
        assert stores.originals.exists(document.version)
        assert stores.pages.exists(document.version)
    return count, len(documents)


def test_questions_are_answered_while_writers_wait(
    saved: tuple[Settings, Path, dict[str, Any]],
) -> None:
    settings, _, answers = saved
    with opened(settings) as services:
        held = services.stores.generations.live.index.held()  # type: ignore[attr-defined] # of the embedded one
        with held:
            assert answers_of(services) == answers


def test_an_upload_that_waits_is_restored_with_its_bytes(exports: Path, tmp_path: Path) -> None:
    home, new = tmp_path / "home", tmp_path / "new"
    with open_home(home) as stores:
        stores.home.uploads.mkdir()
        upload = stores.home.uploads / "abc"
        upload.write_bytes(b"# Rules\n\nThe gate closes at nine.\n")
        stores.jobs.create("d", "c", "rules.md", str(upload))
        back_up(stores, settings_of(home, exports), tmp_path / "b.zip")

    restore(tmp_path / "b.zip", settings_of(new, exports), unchecked=True)

    with open_home(new) as stores:
        (waiting,) = stores.jobs.unfinished()
        assert waiting.job.state is JobState.QUEUED
        assert Path(waiting.upload) == new / "uploads" / "abc"
        assert Path(waiting.upload).read_bytes().startswith(b"# Rules")


def test_a_copy_that_is_given_up_leaves_nothing_behind(exports: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", exports)
    with open_home(settings.home) as stores:
        _, blocks = backup_blocks(stores, settings)
        next(blocks)
        blocks.close()  # type: ignore[attr-defined] # a generator

        assert list(settings.home.glob(".backup-*")) == []


def test_what_a_killed_backup_left_is_removed_when_the_home_is_next_owned(tmp_path: Path) -> None:
    (tmp_path / ".backup-1" / "index").mkdir(parents=True)

    home = Home(tmp_path)
    home.own("a test")
    home.disown()

    assert content_of(tmp_path) == []
    assert not (tmp_path / ".backup-1").exists()


def test_an_index_that_is_elsewhere_is_no_backup(exports: Path, tmp_path: Path) -> None:
    from fakes import MemoryIndex

    with (
        open_home(tmp_path / "home", MemoryIndex()) as stores,
        pytest.raises(BackupImpossible, match="Qdrant server"),
    ):
        back_up(stores, settings_of(tmp_path / "home", exports), tmp_path / "b.zip")

    assert not (tmp_path / "b.zip").exists()


def test_a_backup_never_overwrites(saved: tuple[Settings, Path, dict[str, Any]]) -> None:
    _, file, _ = saved
    before = file.read_bytes()

    with pytest.raises(PathTaken, match=r"backup\.zip"), new_file(file):
        pass

    assert file.read_bytes() == before
    assert file.stat().st_mode & 0o777 == 0o600


# --- what is refused


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def cut_by_one(content: bytes) -> bytes:
    return content[:-1]


def nothing(_: bytes) -> bytes:
    return b""


def of_something_else(_: bytes) -> bytes:
    return b"not a backup at all, but longer than a digest is, which is sixty-four bytes"


def rewritten(content: bytes, change: Any) -> bytes:
    """A backup whose members somebody changed, its end made right again."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(made, "w") as target:
        members = {name: source.read(name) for name in source.namelist()}
        manifest = json.loads(members.pop(MANIFEST))
        change(manifest, members)
        for name, value in members.items():
            target.writestr(name, value)
        target.writestr(MANIFEST, json.dumps(manifest))
        target.comment = b"0" * DIGEST_LENGTH
    body = made.getvalue()[:-DIGEST_LENGTH]
    return body + hashlib.sha256(body).hexdigest().encode()


def member_missing(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    del members["catalogue.sqlite3"]


def member_too_many(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members["index/more"] = b"x"


def member_changed(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("pages/"))
    members[name] = members[name][:-1] + b"?"


def member_longer(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members["catalogue.sqlite3"] += b"\0"


def traversal(name: str) -> Any:
    def change(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        members[name] = b"x"
        row = {"name": name, "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
        manifest["members"].append(row)

    return change


def no_members(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    del manifest["members"]


def index_lost(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    for name in [name for name in members if name.startswith("index/")]:
        del members[name]
    manifest["members"] = [row for row in manifest["members"] if row["name"] in members]


def original_lost(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.startswith("originals/"))
    del members[name]
    manifest["members"] = [row for row in manifest["members"] if row["name"] in members]


REWRITES = {
    "member missing": (member_missing, "'catalogue.sqlite3'"),
    "member too many": (member_too_many, "'index/more'"),
    "member changed": (member_changed, "'pages/"),
    "member longer": (member_longer, "'catalogue.sqlite3'"),
    "up": (traversal("../outside"), "leads out of a home"),
    "up inside": (traversal("pages/../../outside"), "leads out of a home"),
    "absolute": (traversal("/outside"), "leads out of a home"),
    "no list": (no_members, "cannot be read"),
    "no index": (index_lost, "0 chunks"),
    "no original": (original_lost, "originals/"),
}


@pytest.mark.parametrize("damage", [cut, cut_by_one, nothing, of_something_else])
def test_a_damaged_backup_is_refused(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path, damage: Any
) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(damage(saved[1].read_bytes()))

    refused(file, exports, tmp_path, BackupBroken, "cut short or its bytes have changed")


def test_one_changed_byte_anywhere_is_told(
    saved: tuple[Settings, Path, dict[str, Any]], tmp_path: Path
) -> None:
    content = bytearray(saved[1].read_bytes())
    file = tmp_path / "b.zip"

    for place in [*range(0, len(content), len(content) // 40), len(content) - 1, len(content) - 70]:
        content[place] ^= 1
        file.write_bytes(content)
        with pytest.raises(BackupBroken):
            verify(file)
        content[place] ^= 1
    file.write_bytes(content)
    assert verify(file) == verify(saved[1])


@pytest.mark.parametrize(("change", "said"), REWRITES.values(), ids=REWRITES)
def test_a_backup_whose_members_are_not_those_of_its_manifest_is_refused(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path, change: Any, said: str
) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(rewritten(saved[1].read_bytes(), change))

    refused(file, exports, tmp_path, BackupBroken, said)
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "new" / "outside").exists()


def test_a_backup_of_a_newer_format_is_refused(
    saved: tuple[Settings, Path, dict[str, Any]],
    exports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def newer(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        manifest |= {"format": backup_archive.FORMAT + 1, "made_by": "9.0"}

    file = tmp_path / "b.zip"
    file.write_bytes(rewritten(saved[1].read_bytes(), newer))

    refused(file, exports, tmp_path, BackupTooNew, "release 9.0")


def test_a_backup_is_opened_as_it_was_made_whatever_the_settings_say(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "new", exports, chunking={"tokens": 100})

    assert restore(saved[1], settings).checked

    with opened(settings) as services:
        assert answers_of(services) == saved[2]


def refused(file: Path, exports: Path, tmp_path: Path, error: type[SourcierError], said: str) -> None:
    """It is said why, and neither an empty home nor one that holds data is changed."""
    with pytest.raises(error, match=said) as caught:
        restore(file, settings_of(tmp_path / "new", exports))
    assert str(file) in str(caught.value)
    assert "Nothing was changed" in str(caught.value)
    assert [path.name for path in (tmp_path / "new").glob("*") if path.name != "owner.lock"] == []
    full = tmp_path / "full"
    full.mkdir()
    (full / "catalogue.sqlite3").write_bytes(b"somebody's")
    before = contents(full)
    with pytest.raises(error):
        restore(file, settings_of(full, exports), force=True)
    assert contents(full) == before


# --- where it goes


def test_a_home_that_holds_data_is_left_alone(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with open_home(home) as stores:
        stores.catalogue.add_collection("mine", public=False)
    before = contents(home)

    with pytest.raises(HomeNotEmpty, match=r"catalogue\.sqlite3.*--force"):
        restore(saved[1], settings_of(home, exports))

    assert contents(home) == before


def test_with_force_what_was_there_is_moved_aside_whole(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "home", exports)
    with open_home(settings.home) as stores:
        stores.catalogue.add_collection("mine", public=False)
    before = contents(settings.home)

    restored = restore(saved[1], settings, force=True)

    assert restored.aside is not None
    assert contents(restored.aside) == before
    with opened(settings) as services:
        assert answers_of(services) == saved[2]
    with open_home(restored.aside) as stores:
        assert [collection.name for collection in stores.catalogue.collections()] == ["mine"]


def test_a_home_in_use_is_not_touched(
    saved: tuple[Settings, Path, dict[str, Any]], exports: Path, tmp_path: Path
) -> None:
    with open_home(tmp_path / "home") as stores:
        stores.catalogue.add_collection("mine", public=False)
        with pytest.raises(IndexLocked, match="a test"):
            restore(saved[1], settings_of(tmp_path / "home", exports), force=True)

        assert [collection.name for collection in stores.catalogue.collections()] == ["mine"]


@pytest.mark.parametrize("renames", range(1, 12))
def test_a_restore_that_is_killed_while_it_is_put_in_place_is_finished_at_the_next_opening(
    saved: tuple[Settings, Path, dict[str, Any]],
    exports: Path,
    tmp_path: Path,
    renames: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of(tmp_path / "home", exports)
    with open_home(settings.home) as stores:
        stores.catalogue.add_collection("mine", public=False)
    stop_after(renames, monkeypatch)
    try:
        restore(saved[1], settings, force=True)
        finished = True
    except KeyboardInterrupt:
        finished = False
    monkeypatch.undo()

    with opened(settings) as services:
        # Before the first rename of the exchange nothing has happened; from then on the new home is there.
        if renames == 1:
            assert not finished
            assert [c.name for c in services.stores.catalogue.collections()] == ["mine"]
        else:
            assert answers_of(services) == saved[2]
    assert list(settings.home.glob(".restoring-*")) == [] or renames == 1
    kept = list(settings.home.glob("before-restore-*/catalogue.sqlite3"))
    assert len(kept) == (0 if renames == 1 else 1)


def stop_after(renames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the nth rename of a path the last thing that happens, as a kill would."""
    left = renames
    rename, replace = os.rename, os.replace

    def counted(real: Any) -> Any:
        def once(*arguments: Any, **more: Any) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            real(*arguments, **more)

        return once

    monkeypatch.setattr(os, "rename", counted(rename))
    monkeypatch.setattr(os, "replace", counted(replace))


def test_the_folders_between_are_reported_where_there_is_no_such_file(exports: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupBroken, match="No such file"), open_backup(tmp_path / "nowhere.zip"):
        pass


def test_a_snapshot_of_an_empty_home_restores_as_one(exports: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", exports)
    with opened(settings) as services, snapshot(services.stores, settings) as copied:
        assert (copied.described.documents, copied.described.chunks) == (0, 0)
        back_up(services.stores, settings, tmp_path / "b.zip")

    restore(tmp_path / "b.zip", settings_of(tmp_path / "new", exports))

    with opened(settings_of(tmp_path / "new", exports)) as services:
        assert services.stores.catalogue.documents(["open"]) == []


def test_a_restore_that_goes_unchecked_opens_nothing(
    saved: tuple[Settings, Path, dict[str, Any]], tmp_path: Path
) -> None:
    overrides = {"embedding": {"model": str(tmp_path / "no-such-model"), "exports": tmp_path / "models"}}
    settings = load_settings(home=tmp_path / "new", overrides=overrides)

    assert not restore(saved[1], settings, unchecked=True).checked
    assert "catalogue.sqlite3" in content_of(tmp_path / "new")
    assert not (tmp_path / "models").exists()
