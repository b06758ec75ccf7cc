from dataclasses import replace
from pathlib import Path

from examples import a_citation, a_passage
from stored_pages import store_pages

from sourcier_core.file_store import FileStore
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import AnswerSentence, Citation, Context, Page
from sourcier_service.citing import Citer, sentences_of
from sourcier_service.extraction import Candidate
from sourcier_service.page_views import PageViews
from sourcier_service.sentences import Unit

ROWS = Page(1, "Vehicle Rate\ncar 0.50 euro\nbicycle 0.25 euro")
STEPS = Page(1, "Do this:\n1. Close the\nvalve.\n2. Wait outside.")


class NoBoxes:
    """Keeps no boxes."""

    def get(self, version: str, page: int, start: int, end: int) -> None:
        """Know none."""

    def put(self, version: str, page: int, start: int, end: int, boxes: object) -> None:
        """Forget it."""


def cite(folder: Path, page: Page, *candidates: Candidate) -> tuple[Citation, ...]:
    pages = store_pages(folder / "pages", page)
    views = PageViews(
        originals=FileStore(str(folder / "originals")),
        pages=pages,
        boxes=NoBoxes(),  # type: ignore[arg-type]  # never asked: boxes are not wanted here
        limits=ReadingSettings(),
        processes=1,
    )
    return Citer(pages=pages, views=views).cite(candidates, with_boxes=False)


def a_candidate(page: Page, unit: Unit, section: tuple[str, ...] | None = None) -> Candidate:
    passage = a_passage(page=page.number, section=("4 Travel",))
    return Candidate(passage, page, unit, 1.0, 0.5, 0.5, section=section)


def test_a_rows_citation_has_its_column_heads_and_the_quote_stays_verbatim(tmp_path: Path) -> None:
    (citation,) = cite(tmp_path, ROWS, a_candidate(ROWS, Unit(27, 44, header=(0, 12), row=True)))

    assert citation.quote == "bicycle 0.25 euro"
    assert citation.context == Context("Vehicle Rate", 0, 12)
    assert citation.verified


def test_an_items_citation_has_the_lists_opening(tmp_path: Path) -> None:
    (citation,) = cite(tmp_path, STEPS, a_candidate(STEPS, Unit(30, 46, lead=(0, 8))))

    assert citation.context == Context("Do this:", 0, 8)


def test_a_sentence_needs_no_context(tmp_path: Path) -> None:
    (citation,) = cite(tmp_path, ROWS, a_candidate(ROWS, Unit(13, 26)))

    assert (citation.context, citation.parts) == (None, ())


def test_a_citation_names_the_section_of_its_own_words(tmp_path: Path) -> None:
    own = a_candidate(ROWS, Unit(13, 26), section=("5 Rates", "5.1 Cars"))
    unknown = a_candidate(ROWS, Unit(13, 26))

    assert [c.section for c in cite(tmp_path, ROWS, own, unknown)] == [("5 Rates", "5.1 Cars"), ("4 Travel",)]


def test_each_item_of_a_list_is_a_sentence_that_rests_on_the_same_citation(tmp_path: Path) -> None:
    whole = Unit(0, len(STEPS.text), items=((9, 28), (29, 45)))
    citations = cite(tmp_path, STEPS, a_candidate(STEPS, whole))

    assert citations[0].parts == ((0, 9), (9, 28), (29, 45))
    assert sentences_of(citations) == (
        AnswerSentence("Do this:", (1,)),
        AnswerSentence("1. Close the valve.", (1,)),
        AnswerSentence("2. Wait outside.", (1,)),
    )


def test_what_is_no_list_is_one_sentence_on_one_line() -> None:
    citation = replace(a_citation(quote="due\nin 30\u00a0days"), n=2)

    assert sentences_of([citation]) == (AnswerSentence("due in 30 days", (2,)),)
