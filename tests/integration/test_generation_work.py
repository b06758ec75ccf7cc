"""The work on generations in one process: interrupted, cancelled, kept and removed as the settings say."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from homes import no_progress

from sourcier_core.errors import GenerationBusy, GenerationNotReady, NoFormerGeneration
from sourcier_core.generation_store import Generation, GenerationState
from sourcier_core.settings import Settings, load_settings
from sourcier_service.access import OPERATOR
from sourcier_service.gate import GateProgress, GateReport
from sourcier_service.generation_work import GenerationWork, ReindexRequest
from sourcier_service.wiring import Services, open_services

WAIT = 200.0
UNCHECKED = ReindexRequest("ada", "a test", unchecked=True)


class Gate:
    """Judges as it is told, once it is let."""

    def __init__(self, *, passes: bool = True) -> None:
        self.passes = passes
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def judge(
        self, sets: Sequence[Path], live: Services, candidate: Services, progress: GateProgress
    ) -> GateReport:
        self.reached.set()
        while not self.go_on.wait(0.02):
            progress(0, 1)
        return GateReport(self.passes, 1, ("a set",), (), (), "packaged", 0.0)


class Here:
    """A home, open, and what works on its generations."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self.services = services
        self.work = GenerationWork(services, gate)

    def start(self, tokens: int, request: ReindexRequest) -> Generation:
        chunking = self.services.settings.chunking.model_copy(update={"tokens": tokens})
        return self.work.start(self.services.settings.model_copy(update={"chunking": chunking}), request)

    def reindex(self, tokens: int, request: ReindexRequest = UNCHECKED) -> Generation:
        begun = self.start(tokens, request)
        assert self.work.wait(WAIT)
        return self.work.get(begun.id)

    def states(self) -> dict[int, str]:
        return {row.id: row.state.value for row in self.work.all()}

    def folders(self) -> set[str]:
        return {path.name for path in self.services.stores.home.indexes.iterdir()}

    def answers(self) -> bool:
        scope = self.services.access.scope(OPERATOR)
        return bool(self.services.answering.search("who oils the pump", scope, limit=3).passages)


@pytest.fixture
def settings(tmp_path: Path, exports: Path) -> Settings:
    overrides: dict[str, dict[str, Any]] = {
        "embedding": {"exports": exports, "threads": 1},
        "gate": {"sets": [tmp_path]},
    }
    return load_settings(home=tmp_path / "home", overrides=overrides)


@contextmanager
def open_here(settings: Settings, gate: Gate | None = None) -> Iterator[Here]:
    services = open_services(settings, owner="a test")
    here = Here(services, gate or Gate())
    try:
        yield here
    finally:
        here.work.stop()
        services.close()


@pytest.fixture
def filled(settings: Settings, tmp_path: Path) -> Settings:
    with open_here(settings) as here:
        for n in range(3):
            path = tmp_path / f"{n}.md"
            lines = [
                f"Agent {n} oils pump {m} each {m + 2} days, and notes it in book {n}." for m in range(12)
            ]
            path.write_text("\n\n".join(lines), encoding="utf-8")
            here.services.ingestion.ingest(path, path.name, "hr", no_progress)
    return settings


def test_settings_that_the_live_generation_is_made_with_are_nothing_to_do(filled: Settings) -> None:
    with open_here(filled) as here:
        live = here.services.stores.generations.live.id

        assert here.start(200, UNCHECKED).id == live
        assert here.states() == {live: "live"}
        assert here.work.differences() == ()


def test_former_generations_are_kept_as_many_as_the_settings_say(filled: Settings) -> None:
    with open_here(filled) as here:
        for tokens in (60, 50, 40):
            assert here.reindex(tokens).state is GenerationState.LIVE
            assert here.answers()

        assert here.states() == {1: "pruned", 2: "pruned", 3: "kept", 4: "live"}
        assert here.folders() == {"3", "4"}
        assert here.work.remove(3).state is GenerationState.PRUNED
        assert here.folders() == {"4"}
        with pytest.raises(NoFormerGeneration):
            here.work.rollback(UNCHECKED)
        with pytest.raises(GenerationBusy):
            here.work.remove(4)
        assert here.answers()


def test_none_is_kept_where_the_settings_say_so(filled: Settings) -> None:
    generations = filled.generations.model_copy(update={"keep": 0})
    with open_here(filled.model_copy(update={"generations": generations})) as here:
        assert here.reindex(60).state is GenerationState.LIVE

        assert here.states() == {1: "pruned", 2: "live"}
        assert here.folders() == {"2"}


def test_a_generation_that_waits_is_promoted_by_its_number(filled: Settings) -> None:
    waiting = ReindexRequest("ada", promote=False)
    gate = Gate()
    gate.go_on.set()
    with open_here(filled, gate) as here:
        made = here.reindex(60, waiting)
        assert (made.state, here.services.stores.generations.live.id) == (GenerationState.READY, 1)
        with pytest.raises(GenerationNotReady, match="it is live"):
            here.work.promote(1, UNCHECKED)

        here.work.promote(made.id, ReindexRequest("ada"))
        assert here.work.wait(WAIT)

        assert here.states() == {1: "kept", 2: "live"}
        assert here.answers()


def test_cancelling_at_the_gate_leaves_a_whole_generation_waiting(filled: Settings) -> None:
    gate = Gate()
    with open_here(filled, gate) as here:
        begun = here.start(60, ReindexRequest("ada"))
        assert gate.reached.wait(WAIT)
        with pytest.raises(GenerationBusy, match="is being worked on"):
            here.start(50, UNCHECKED)

        assert here.work.remove(begun.id).state is GenerationState.READY
        assert here.services.stores.generations.live.id == 1
        assert here.answers()


def test_a_gate_that_says_no_keeps_the_live_one(filled: Settings) -> None:
    gate = Gate(passes=False)
    gate.go_on.set()
    with open_here(filled, gate) as here:
        made = here.reindex(60, ReindexRequest("ada"))

        assert (made.state, made.error_code) == (GenerationState.READY, "gate_not_passed")
        assert here.services.stores.generations.live.id == 1


def test_what_a_stop_interrupts_goes_on_at_the_next_start_as_it_was_asked(filled: Settings) -> None:
    with open_here(filled, gate := Gate()) as here:
        begun = here.start(60, ReindexRequest("ada", "smaller"))
        assert gate.reached.wait(WAIT)
    gate = Gate()
    gate.go_on.set()
    with open_here(filled, gate) as here:
        assert here.states()[begun.id] in ("building", "checking")
        assert here.services.stores.generations.live.id == 1

        resumed = here.work.resume()
        assert here.work.wait(WAIT)

        assert resumed is not None
        assert resumed.id == begun.id
        assert here.states() == {1: "kept", begun.id: "live"}
        assert here.work.audited()[0].reason == "smaller"
        assert here.work.get(begun.id).progress["vectors_made"] == 0


def test_an_unfinished_generation_of_other_settings_makes_room(filled: Settings) -> None:
    with open_here(filled, gate := Gate()) as here:
        begun = here.start(60, ReindexRequest("ada"))
        assert gate.reached.wait(WAIT)
    with open_here(filled) as here:
        made = here.reindex(50)

        assert made.state is GenerationState.LIVE
        assert here.states() == {1: "kept", begun.id: "cancelled", made.id: "live"}
        assert here.folders() == {"1", str(made.id)}


def test_deleted_documents_leave_kept_generations_too(filled: Settings) -> None:
    with open_here(filled) as here:
        here.reindex(60)
        gone = here.services.stores.catalogue.documents(["hr"])[0]
        here.services.ingestion.delete(gone.id)

        here.work.forget_deleted()

        assert {document for document, _ in here.work._rows.held(1)} == {
            document.id for document in here.services.stores.catalogue.documents(["hr"])
        }
        here.work.rollback(UNCHECKED)
        assert here.states() == {1: "live", 2: "kept"}
        scope = here.services.access.scope(OPERATOR)
        found = here.services.answering.search("who oils the pump", scope, limit=50).passages
        assert gone.id not in {passage.document.id for passage in found}
        assert {passage.document.id for passage in found} == {d for d, _ in here.work._rows.held(2)} - {
            gone.id
        }


def test_a_large_index_goes_live_with_its_graph(filled: Settings) -> None:
    generations = filled.generations.model_copy(update={"graph_chunks": 1})
    with open_here(filled.model_copy(update={"generations": generations})) as here:
        made = here.reindex(60)

        assert (made.state, made.error) == (GenerationState.LIVE, None)
        assert here.answers()
        assert here.folders() == {"1", "2"}
        documents = here.services.stores.catalogue.documents(["hr"])
        scope = here.services.access.scope(OPERATOR)
        assert here.services.stores.index.count(scope) == sum(d.chunk_count for d in documents)
