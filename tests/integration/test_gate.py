"""A generation is judged by golden questions, gets a calibration of its own, and goes live or waits."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pdfs import Line, Title, write_pdf

from sourcier_core.errors import GateNotPassed, InvalidSettings
from sourcier_core.generation_store import Generation, GenerationState
from sourcier_core.settings import Settings, load_settings
from sourcier_eval.gate import GoldenGate
from sourcier_ingestion.batch import HomeTarget, find_files, ingest_files
from sourcier_service.calibration import Calibration, Outcome, default_calibration
from sourcier_service.calibration_files import calibration_files
from sourcier_service.generation_work import GenerationWork, ReindexRequest
from sourcier_service.wiring import Services, open_services

THINGS = ("atlas", "bicycle", "ladder", "microphone", "microscope", "flask", "stopwatch", "lantern", "anvil")
UNKNOWN = ("canoe", "telescope", "tent", "parachute", "piano", "drone", "kayak", "violin")
DOCUMENTS = 3  # of three pages each
WAIT = 280.0


def page(number: int) -> list[Line | Title]:
    thing = THINGS[number]
    return [
        Title(f"{number + 1} The {thing}"),
        f"Whoever wants the {thing} asks the keeper of room {number + 11}.",
        f"It may be kept for {number + 2} days, and costs {number * 3 + 5} euros a day.",
        f"The {thing} is returned clean, in the box that it came in, before noon.",
    ]


def questions_of(number: int) -> list[dict[str, Any]]:
    thing, document = THINGS[number], f"part-{number // DOCUMENTS}.pdf"
    evidence = [{"doc": document, "page": number % DOCUMENTS + 1, "text": ""}]
    asked = {
        f"For how many days may the {thing} be kept?": f"{number + 2} days",
        f"What does the {thing} cost a day?": f"{number * 3 + 5} euros",
        f"In which room does one ask for the {thing}?": f"room {number + 11}",
        f"How is the {thing} returned?": "clean",
    }
    return [
        {
            "id": f"{thing}-{n}",
            "question": q,
            "lang": "en",
            "answerable": True,
            "answer": a,
            "evidence": evidence,
        }
        for n, (q, a) in enumerate(asked.items())
    ]


@pytest.fixture(scope="module")
def question_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate") / "lending"
    (folder / "docs").mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for number in range(DOCUMENTS):
        own = range(number * DOCUMENTS, (number + 1) * DOCUMENTS)
        write_pdf(folder / "docs" / f"part-{number}.pdf", *map(page, own), title=f"Part {number}")
        for place in own:
            rows += questions_of(place)
    for thing in UNKNOWN:
        text = f"Which ministry taxes a {thing}?"
        rows.append(
            {"id": thing, "question": text, "lang": "en", "answerable": False, "answer": None, "evidence": []}
        )
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Opened:
    services: Services
    work: GenerationWork

    def reindex(self, tokens: int, request: ReindexRequest, *, again: bool = False) -> Generation:
        chunking = self.services.settings.chunking.model_copy(update={"tokens": tokens})
        settings = self.services.settings.model_copy(update={"chunking": chunking})
        begun = self.work.start(settings, request, again=again)
        assert self.work.wait(WAIT)
        return self.work.get(begun.id)


def settings_of(home: Path, exports: Path, gate: Mapping[str, Any] | None = None) -> Settings:
    return load_settings(home=home, overrides={"embedding": {"exports": exports}, "gate": gate or {}})


@contextmanager
def opened(settings: Settings, *, gate: bool = True) -> Iterator[Opened]:
    services = open_services(settings, owner="a test")
    work = GenerationWork(services, GoldenGate() if gate else None)
    try:
        yield Opened(services, work)
    finally:
        work.stop()
        services.close()


@pytest.fixture
def home(question_set: Path, exports: Path, tmp_path: Path) -> Path:
    with HomeTarget(settings_of(tmp_path / "home", exports)) as target:
        assert not ingest_files(find_files([question_set / "docs"]), "lending", target).lost
    return tmp_path / "home"


def use_own_calibration(home: Path, fingerprint: str) -> Path:
    """Put a calibration to use that was made for an index."""
    packaged = default_calibration()
    outcomes = tuple(Outcome(n / 100, wrong=False, answerable=True, language="en") for n in range(60, 100))
    own = Calibration("ours", "2026-01-01", fingerprint, packaged.ranking, packaged.evidence, 0.2, outcomes)
    own.write(home / "own.json")
    return calibration_files(home).use(home / "own.json", fingerprint)


def test_a_generation_that_is_no_worse_goes_live_with_a_calibration_of_its_own_and_back(
    home: Path, exports: Path, question_set: Path
) -> None:
    settings = settings_of(home, exports, {"sets": [question_set], "tolerance": 0.5})
    with opened(settings) as first:
        use_own_calibration(home, first.services.stores.fingerprint)
    with opened(settings) as here:
        before = here.services.calibration
        assert before.name == "ours"

        made = here.reindex(60, ReindexRequest("ada", "smaller chunks"))

        assert (made.state, made.error) == (GenerationState.LIVE, None)
        report = made.report
        assert report is not None
        assert (report["passed"], report["questions"], report["calibration"]) == (True, 44, "refitted")
        assert {"page.hit@1", "abstention.recall"} <= {metric["name"] for metric in report["metrics"]}
        after = here.services.calibration
        assert after.fingerprint == made.fingerprint != before.fingerprint
        assert after.risk == before.risk

        here.work.rollback(ReindexRequest("ada"))

        assert here.services.calibration.made_at == before.made_at
    with opened(settings) as again:
        assert again.services.calibration.made_at == before.made_at
        assert again.services.stores.fingerprint == before.fingerprint


def test_a_generation_below_a_floor_waits_until_somebody_answers_for_it(
    home: Path, exports: Path, question_set: Path
) -> None:
    settings = settings_of(home, exports, {"sets": [question_set], "floors": {"page.hit@1": 1.01}})
    with opened(settings) as here:
        live = here.services.stores.generations.live.id

        made = here.reindex(60, ReindexRequest("ada"))

        assert (made.state, made.error_code) == (GenerationState.READY, "gate_not_passed")
        assert made.error is not None
        assert "page.hit@1 of 'lending'" in made.error
        assert here.services.stores.generations.live.id == live
        assert made.report is not None
        fallen = [metric for metric in made.report["metrics"] if not metric["passed"]]
        assert [(metric["name"], metric["floor"]) for metric in fallen] == [("page.hit@1", 1.01)]

        with pytest.raises(GateNotPassed, match="a reason, for the record"):
            here.work.promote(made.id, ReindexRequest("ada", unchecked=True))
        here.work.promote(made.id, ReindexRequest("ada", "the deadline is today", unchecked=True))
        assert here.work.wait(WAIT)

        assert here.services.stores.generations.live.id == made.id
        assert here.work.get(made.id).report == made.report
        (entry,) = here.work.audited()
        assert (entry.who, entry.action, entry.reason) == (
            "ada",
            "promote unchecked",
            "the deadline is today",
        )


def test_without_questions_nothing_is_built_that_could_not_go_live(home: Path, exports: Path) -> None:
    for has_gate in (True, False):
        with opened(settings_of(home, exports), gate=has_gate) as here:
            with pytest.raises(GateNotPassed, match="no golden questions"):
                here.reindex(60, ReindexRequest("ada"))
            assert len(here.work.all()) == 1


def test_questions_about_documents_that_are_not_here_judge_nothing(
    home: Path, exports: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    row = {"id": "1", "question": "Who?", "answerable": True, "answer": "Ada"}
    rows = [
        row | {"evidence": [{"doc": "nowhere.pdf", "page": 1}]},
        {"id": "2", "question": "Whose?", "answerable": False, "answer": None, "evidence": []},
    ]
    (elsewhere / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with opened(settings_of(home, exports, {"sets": [elsewhere]})) as here:
        made = here.reindex(60, ReindexRequest("ada"))

    assert made.state is GenerationState.READY
    assert made.report is not None
    assert made.report["warnings"] == [
        "1 of the 2 questions of 'elsewhere' name documents that are not here",
        "no golden question is about a document of this home",
    ]


def test_a_floor_of_no_metric_is_refused_by_name(home: Path, exports: Path, question_set: Path) -> None:
    settings = settings_of(home, exports, {"sets": [question_set], "floors": {"page.hits": 0.5}})
    with opened(settings) as here:
        made = here.reindex(60, ReindexRequest("ada"))

    assert (made.state, made.error_code) == (GenerationState.READY, InvalidSettings.code)
    assert made.error is not None
    assert "there is no metric 'page.hits'" in made.error
