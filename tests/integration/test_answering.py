"""The read path on the real model and the real index: proved answers, plain no's, changing documents."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from pdfs import Line, Title, write_pdf

from sourcier_core.errors import QuestionEmpty
from sourcier_core.settings import EmbeddingSettings, Settings
from sourcier_core.types import Answer, AnswerStatus, JobState, Passage, Searched
from sourcier_service.access import ANONYMOUS, OPERATOR
from sourcier_service.wiring import Services, open_services

MILEAGE = "What is the mileage rate above 5,000 km?"
MILEAGE_QUOTE = "The mileage rate above 5,000 km is 0.42 euro per kilometre."
REFUND = "Dans quel délai déposer une demande de remboursement ?"
REFUND_QUOTE = "La demande de remboursement est déposée dans les 45 jours\nsuivant le retour de mission."
OFF_TOPIC = "Who won the football world cup in Argentina?"
ASKING_THREADS = 4
REPLACED = {".pdf": 12, ".md": 40}  # a text is read in no time: its versions follow each other closely
DELETED = {".pdf": 4, ".md": 12}


def silent(_state: JobState, _done: int, _total: int) -> None:
    pass


def add(services: Services, path: Path, collection: str = "open") -> str:
    """Ingest a file and return its document's id."""
    outcome = services.ingestion.ingest(path, path.name, collection, silent)
    assert outcome.error is None
    return outcome.document.id


@pytest.fixture
def empty(exports: Path, tmp_path: Path) -> Iterator[Services]:
    settings = Settings(home=tmp_path / "home", embedding=EmbeddingSettings(exports=exports))
    services = open_services(settings, owner="a test")
    services.stores.catalogue.add_collection("open", public=True)
    yield services
    services.close()


@pytest.fixture(scope="module")
def library(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("answering")
    settings = Settings(home=folder / "home", embedding=EmbeddingSettings(exports=exports))
    services = open_services(settings, owner="a test")
    services.stores.catalogue.add_collection("open", public=True)
    english: list[list[Line]] = [
        [Title("1 Travel"), "Every mission needs a signed order before the departure of the agent."],
        [Title("2 Claims"), "A claim for travel costs is filed within 30 days.", MILEAGE_QUOTE],
        [Title("3 Pumps"), "A lifting pump is oiled after every 400 hours of running."],
    ]
    french: list[list[Line]] = [
        [Title("1 Congés"), "Le congé annuel est de vingt-cinq jours ouvrés par agent."],
        [Title("2 Frais"), *REFUND_QUOTE.split("\n"), "Le reçu est joint à la demande."],
    ]
    add(services, write_pdf(folder / "guide.pdf", *english, title="Field guide"))
    add(services, write_pdf(folder / "recueil.pdf", *french, title="Recueil des procédures"))
    add(services, write_pdf(folder / "salaries.pdf", ["The director earns 98,765 euros."]), collection="hr")
    yield services
    services.close()


def ask(services: Services, question: str) -> Answer:
    return services.answering.answer(question, services.access.scope(ANONYMOUS))


@pytest.mark.parametrize(
    ("question", "language", "name", "page", "quote"),
    [
        (MILEAGE, "en", "guide.pdf", 2, MILEAGE_QUOTE),
        (REFUND, "fr", "recueil.pdf", 2, REFUND_QUOTE),
    ],
    ids=["English", "French"],
)
def test_a_question_is_answered_with_a_verified_citation(
    library: Services, question: str, language: str, name: str, page: int, quote: str
) -> None:
    answer = ask(library, question)

    assert (answer.status, answer.language) == (AnswerStatus.ANSWERED, language)
    (citation,) = [c for c in answer.citations if c.quote == quote]
    assert (citation.document.name, citation.page) == (name, page)
    stored = library.stores.pages.page(citation.version, page).text
    assert stored[citation.start : citation.end] == quote
    assert citation.verified
    assert len(citation.boxes) == quote.count("\n") + 1  # one to a printed line


def test_each_sentence_is_its_quote_on_one_line_and_has_its_number(library: Services) -> None:
    answer = ask(library, REFUND)

    assert [sentence.citations for sentence in answer.sentences] == [(c.n,) for c in answer.citations]
    assert [s.text for s in answer.sentences] == [c.quote.replace("\n", " ") for c in answer.citations]
    assert [c.n for c in answer.citations] == list(range(1, len(answer.citations) + 1))


def test_what_no_document_says_is_not_answered_and_the_nearest_pages_are_shown(library: Services) -> None:
    answer = ask(library, OFF_TOPIC)

    assert (answer.status, answer.reason) == (AnswerStatus.NO_ANSWER, "low_support")
    assert (answer.sentences, answer.citations) == ((), ())
    assert answer.passages
    assert answer.confidence < library.calibration.thresholds()["all"].confidence


def test_a_private_collection_answers_only_who_may_read_it(library: Services) -> None:
    question = "How much does the director earn?"

    assert ask(library, question).status is AnswerStatus.NO_ANSWER
    known = library.answering.answer(question, library.access.scope(OPERATOR))
    assert [c.quote for c in known.citations] == ["The director earns 98,765 euros."]
    assert {p.document.collection for p in ask(library, question).passages} == {"open"}


def test_without_boxes_a_citation_is_checked_against_the_stored_page(library: Services) -> None:
    answer = library.answering.answer(MILEAGE, library.access.scope(ANONYMOUS), with_boxes=False)

    assert answer.status is AnswerStatus.ANSWERED
    assert {(c.boxes, c.verified) for c in answer.citations} == {((), True)}


def original_of(services: Services, path: Path) -> Path:
    """Return where the home keeps an ingested file."""
    return Path(services.stores.home.originals) / sha256(path.read_bytes()).hexdigest()


def test_a_citation_whose_file_cannot_be_read_again_is_not_verified(empty: Services, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "guide.pdf", [MILEAGE_QUOTE])
    add(empty, path)
    original_of(empty, path).write_bytes(b"%PDF-1.7 damaged")

    answer = ask(empty, MILEAGE)

    assert answer.status is AnswerStatus.ANSWERED
    assert [(c.quote, c.verified, c.boxes) for c in answer.citations] == [(MILEAGE_QUOTE, False, ())]


def test_a_quote_that_was_proved_once_needs_no_file_again(empty: Services, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "guide.pdf", [MILEAGE_QUOTE])
    add(empty, path)
    proved = ask(empty, MILEAGE).citations
    empty.views.close()
    original_of(empty, path).write_bytes(b"%PDF-1.7 damaged")

    assert ask(empty, MILEAGE).citations == proved
    assert [c.verified for c in proved] == [True]


def test_in_an_empty_home_nothing_is_searched(empty: Services) -> None:
    answer = ask(empty, MILEAGE)

    assert (answer.status, answer.reason) == (AnswerStatus.NO_ANSWER, "nothing_searched")
    assert (answer.passages, answer.searched) == ((), Searched(0, 0))
    assert answer.confidence == 0.0


def test_a_blank_question_is_not_asked(library: Services) -> None:
    with pytest.raises(QuestionEmpty):
        ask(library, " ")


@pytest.mark.parametrize("question", ["?", "Who is it?", "🎉🎉🎉", "le la les de"])
def test_a_question_without_a_word_of_its_own_is_not_searched_for(library: Services, question: str) -> None:
    answer = ask(library, question)

    assert (answer.status, answer.reason) == (AnswerStatus.NO_ANSWER, "no_words")
    assert (answer.passages, answer.confidence) == ((), 0.0)
    found = library.answering.search(question, library.access.scope(ANONYMOUS), limit=2)
    assert (found.passages, found.nothing_found) == ((), "no_words")


def test_a_search_says_where_there_is_no_document(empty: Services) -> None:
    found = empty.answering.search(MILEAGE, empty.access.scope(ANONYMOUS), limit=2)

    assert (found.passages, found.nothing_found) == ((), "nothing_searched")


def test_search_finds_pages_without_answering(library: Services) -> None:
    found = library.answering.search("lifting pump oiled", library.access.scope(ANONYMOUS), limit=2)

    passages = found.passages
    assert found.nothing_found is None
    assert len(passages) == 2
    assert (passages[0].document.name, passages[0].page) == ("guide.pdf", 3)


# --- while documents change


class Asking:
    """Threads that ask again and again until told to stop; an error in one is raised at the end."""

    def __init__(self, services: Services, question: str) -> None:
        self.answers: list[Answer] = []
        self._services = services
        self._question = question
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(ASKING_THREADS)
        self._tasks: list[Future[None]] = []

    def __enter__(self) -> "Asking":
        self._tasks = [self._pool.submit(self._ask) for _ in range(ASKING_THREADS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        for task in self._tasks:
            task.result()

    def wait_for(self, status: AnswerStatus) -> None:
        """Wait until a question asked from now on gets an answer of that status."""
        seen = len(self.answers) + ASKING_THREADS
        end = time.monotonic() + 30
        while not any(answer.status is status for answer in self.answers[seen:]):
            assert time.monotonic() < end
            time.sleep(0.01)

    def _ask(self) -> None:
        while not self._stop.is_set():
            self.answers.append(ask(self._services, self._question))


def write_tariff(path: Path, edition: int) -> Path:
    """A tariff whose every page and title names its edition."""
    if path.suffix == ".md":
        rate = f"The mileage rate above 5,000 km is {edition} cents per kilometre."
        path.write_text(f"# Tariff {edition}\n\n{rate}\n", encoding="utf-8")
        return path
    return write_pdf(
        path,
        [Title("Rates"), f"The mileage rate above 5,000 km is {edition} cents per kilometre."],
        [Title("Long trips"), f"The mileage rate for trips above 5,000 km was set at {edition} cents."],
        title=f"Tariff {edition}",
    )


def editions(answer: Answer) -> set[str]:
    """Return every edition that an answer's tariff passages and citations speak of."""
    tariff: list[Passage] = [p for p in answer.passages if p.document.name.startswith("tariff")]
    said = [p.text for p in tariff] + [p.document.title for p in tariff]
    said += [c.quote for c in answer.citations] + [c.document.title for c in answer.citations]
    return {found for text in said for found in re.findall(r"(?:is|at|Tariff) (\d+)", text)}


@pytest.mark.parametrize("suffix", REPLACED)
def test_while_a_document_is_replaced_each_answer_is_of_one_whole_version(
    empty: Services, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"tariff{suffix}"
    add(empty, write_tariff(path, 100))

    with Asking(empty, MILEAGE) as asking:
        for turn in range(1, REPLACED[suffix] + 1):
            add(empty, write_tariff(path, 100 + turn))

    assert len(asking.answers) > REPLACED[suffix]  # they were not kept waiting
    for answer in asking.answers:
        assert answer.status is AnswerStatus.ANSWERED
        assert len({p.version for p in answer.passages} | {c.version for c in answer.citations}) == 1
        assert len(editions(answer)) == 1
        assert all(citation.verified for citation in answer.citations)
    assert editions(ask(empty, MILEAGE)) == {str(100 + REPLACED[suffix])}


@pytest.mark.parametrize("suffix", DELETED)
def test_while_a_document_is_deleted_and_added_again_no_question_fails(
    empty: Services, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"tariff{suffix}"
    add(empty, write_pdf(tmp_path / "other.pdf", ["The parking fee at the airport is nine euros per day."]))

    with Asking(empty, MILEAGE) as asking:
        for turn in range(DELETED[suffix]):
            document = empty.stores.catalogue.document(add(empty, write_tariff(path, 100 + turn)))
            assert document is not None
            asking.wait_for(AnswerStatus.ANSWERED)
            empty.ingestion.delete(document.id)

    for answer in asking.answers:
        assert len(editions(answer)) <= 1
    assert ask(empty, MILEAGE).status is AnswerStatus.NO_ANSWER
