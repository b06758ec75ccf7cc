import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from examples import VERSION, a_passage, a_scored_chunk
from fakes import HashEmbedder

from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.types import Heading, MediaType, Page, Passage, ScoredChunk, Structure, TableRow
from sourcier_service.extraction import MAX_LIST, Candidate, Extractor, answer_units, choose
from sourcier_service.question import understand
from sourcier_service.sentences import Unit

EMBEDDER = HashEmbedder()


def answerable(text: str, *headings: Heading) -> list[str]:
    page = Page(1, text, headings=headings)
    return [unit.text(page) for unit in answer_units(page)]


# --- what can answer


def test_headings_questions_and_scraps_do_not_answer() -> None:
    text = "4.2 Claims for costs\nWhen is a claim due? It is due in 30 days. See above."

    assert answerable(text, Heading(0, 2, "4.2 Claims for costs")) == ["It is due in 30 days."]


def test_a_sentence_that_ends_in_a_colon_goes_on_through_its_list() -> None:
    text = "The file holds:\n- the order\n- the tickets\n- the claim.\n\nIt is kept for ten years."

    assert answerable(text) == [
        "The file holds: - the order - the tickets - the claim.",
        "It is kept for ten years.",
    ]


def test_an_indented_list_belongs_to_its_sentence_too() -> None:
    text = "Bring to the yard:\n  - a pen\n  - two gloves\n\nThe rest is there."

    assert answerable(text) == ["Bring to the yard: - a pen - two gloves", "The rest is there."]


def test_what_follows_a_colon_belongs_to_it_once_even_without_a_bullet() -> None:
    text = "The rule is this:\n\nKeep every ticket.\n\nThe rest is free."

    assert answerable(text) == ["The rule is this: Keep every ticket.", "The rest is free."]


def test_a_heading_ends_a_list() -> None:
    text = "The file holds:\n- the order\nAnnex\n- a form for all"

    assert answerable(text, Heading(28, 1, "Annex")) == ["The file holds: - the order", "- a form for all"]


def test_a_list_too_long_to_quote_is_cut_before_the_item_that_does_not_fit() -> None:
    item = "- " + "word " * 80  # 402 characters
    text = "The file holds:\n" + "\n".join([item.strip()] * 3)

    first, second = answerable(text)

    assert len(first) <= MAX_LIST
    assert first.count("- ") == 2
    assert second.startswith("- word")


# --- what is chosen

PAGE_TEXT = "Alpha one two. Beta one two. Gamma one two. Delta one two. Epsilon one two."
UNITS = {"alpha": (0, 14), "beta": (15, 28), "gamma": (29, 43), "delta": (44, 58), "epsilon": (59, 75)}


def a_candidate(unit: str, score: float, *, page: int = 1, version: str = VERSION) -> Candidate:
    return Candidate(
        passage=a_passage(page=page, version=version),
        page=Page(page, PAGE_TEXT),
        unit=Unit(*UNITS[unit]),
        score=score,
        similarity=0.5,
        coverage=0.5,
    )


def chosen(candidates: Sequence[Candidate], limit: int = 3) -> list[tuple[int | None, str]]:
    return [
        (candidate.passage.page, candidate.unit.text(candidate.page).split()[0].lower())
        for candidate in choose(candidates, limit)
    ]


def test_units_close_to_the_best_are_kept_in_reading_order() -> None:
    candidates = [
        a_candidate("gamma", 1.00),
        a_candidate("alpha", 0.95),
        a_candidate("delta", 0.89),
        a_candidate("beta", 0.87),  # more than 0.12 below the best
    ]

    assert chosen(candidates) == [(1, "alpha"), (1, "gamma"), (1, "delta")]


def test_no_more_are_kept_than_the_limit() -> None:
    candidates = [a_candidate("gamma", 1.0), a_candidate("alpha", 0.99), a_candidate("beta", 0.98)]

    assert chosen(candidates, limit=2) == [(1, "alpha"), (1, "gamma")]
    assert chosen(candidates, limit=1) == [(1, "gamma")]


def test_the_best_units_page_comes_first_then_one_other_page() -> None:
    candidates = [
        a_candidate("beta", 1.00, page=7),
        a_candidate("alpha", 0.99, page=2),
        a_candidate("gamma", 0.98, page=4),  # a third page
        a_candidate("delta", 0.97, page=7),
    ]

    assert chosen(candidates, limit=4) == [(7, "beta"), (7, "delta"), (2, "alpha")]


def test_pages_of_the_same_number_in_two_documents_are_two_pages() -> None:
    candidates = [
        a_candidate("alpha", 1.00, version="a" * 64),
        a_candidate("beta", 0.99, version="b" * 64),
        a_candidate("gamma", 0.98, version="c" * 64),
    ]

    assert chosen(candidates) == [(1, "alpha"), (1, "beta")]


def test_the_same_words_are_said_once() -> None:
    candidates = [
        a_candidate("alpha", 1.0, page=1),
        a_candidate("alpha", 0.99, page=2),
        a_candidate("beta", 0.98),
    ]

    assert chosen(candidates) == [(1, "alpha"), (1, "beta")]


def test_the_same_sentence_with_its_numbers_written_otherwise_is_said_once() -> None:
    def written(text: str, page: int) -> Candidate:
        return Candidate(a_passage(page=page), Page(page, text), Unit(0, len(text)), 1.0, 0.5, 0.5)

    assert len(choose([written("Up to 1,577 km paid.", 1), written("Up to 1 577 km paid.", 2)], 3)) == 1


def test_nothing_is_chosen_of_nothing() -> None:
    assert choose([], 3) == []


# --- how units are scored


class Library:
    """Pages of one version, and the passages and chunks that a search would have found on them."""

    def __init__(self, folder: Path) -> None:
        self.pages = PageStore(FileStore(str(folder)))
        self.passages: list[Passage] = []
        self.chunks: list[ScoredChunk] = []

    def add(self, *pages: Page, section: tuple[str, ...] = ()) -> None:
        with self.pages.write(VERSION) as writer:
            for page in pages:
                writer.add(page)
            writer.finish(Structure(MediaType.PDF, page_count=len(pages)))
        for page in pages:
            passage = a_passage(page=page.number, section=section, text=page.text, start=0)
            self.passages.append(passage)
            self.chunks.append(
                a_scored_chunk(
                    f"c{page.number}",
                    page=page.number,
                    document=passage.document.id,
                    end=len(page.text),
                    section=section,
                )
            )

    def candidates(self, text: str) -> list[Candidate]:
        question = understand(text, EMBEDDER, max_chars=200)
        extractor = Extractor(embedder=EMBEDDER, pages=self.pages)
        return extractor.candidates(question, self.passages, self.chunks)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def words_of(candidate: Candidate) -> str:
    return candidate.unit.text(candidate.page)


def test_coverage_is_the_share_of_the_questions_words_by_rarity(library: Library) -> None:
    library.add(Page(1, "Every pump turns daily. The valve turns rarely."))

    found = {words_of(c): c.coverage for c in library.candidates("pump turbine")}

    # One chunk is looked at. "pump" is in it: ln(1 + 2/2) = ln 2; "turbine" is nowhere: ln(1 + 2/1) = ln 3.
    pump = math.log(2) / (math.log(2) + math.log(3))
    assert found == pytest.approx({"Every pump turns daily.": pump, "The valve turns rarely.": 0.0})


def test_a_rows_header_counts_as_its_own_words_and_its_section_three_tenths(library: Library) -> None:
    text = "Vehicle Rate\ncar 0.50 euro\nbicycle 0.25 euro"
    rows = (TableRow(0, 12, None), TableRow(13, 26, (0, 12)), TableRow(27, 44, (0, 12)))
    library.add(Page(1, text, rows=rows), section=("Mileage",))

    found = {words_of(c): c.coverage for c in library.candidates("mileage rate bicycle")}

    # Of the chunk's own words "rate" and "bicycle": ln 2 each; "mileage" is in the section only: ln 3.
    total = 2 * math.log(2) + math.log(3)
    assert found["bicycle 0.25 euro"] == pytest.approx((2 * math.log(2) + 0.3 * math.log(3)) / total)
    assert found["car 0.50 euro"] == pytest.approx((math.log(2) + 0.3 * math.log(3)) / total)


def test_a_word_is_met_in_the_other_language_where_one_analysis_gives_the_same_stem(library: Library) -> None:
    library.add(Page(1, "Every mission needs an order. The valve turns rarely."))

    best = library.candidates("Quelle mission ?")[0]

    assert words_of(best) == "Every mission needs an order."
    assert best.coverage == pytest.approx(1.0)


def test_a_question_for_a_figure_prefers_a_sentence_that_has_one(library: Library) -> None:
    text = "The claim term is stated below here. The claim term is thirty days long."
    library.add(Page(1, text))

    with_figure = library.candidates("How long is the claim term?")
    without = library.candidates("Who states the claim term?")

    assert words_of(with_figure[0]) == "The claim term is thirty days long."
    gain = {words_of(c): c.score for c in with_figure}
    plain = {words_of(c): c.score for c in without}
    stated, thirty = sorted(gain)
    assert gain[thirty] - gain[stated] > plain[thirty] - plain[stated]


def test_similarity_is_the_cosine_of_the_question_and_the_unit(library: Library) -> None:
    library.add(Page(1, "pump pressure valve"))

    (candidate,) = library.candidates("pump pressure valve")

    assert candidate.similarity == pytest.approx(1.0)
    assert candidate.coverage == pytest.approx(1.0)


def test_candidates_stand_best_first_and_equal_ones_in_reading_order(library: Library) -> None:
    library.add(Page(1, "Wrong one here. Same words here. Same words here."), Page(2, "Same words here."))

    found = library.candidates("same words here")

    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    equal = [(c.passage.page, c.unit.start) for c in found if words_of(c) == "Same words here."]
    assert equal == [(1, 16), (1, 33), (2, 0)]


def test_only_units_that_begin_inside_a_found_chunk_are_looked_at(library: Library) -> None:
    library.add(Page(1, "Same words here. Same words there."))
    library.chunks = [
        a_scored_chunk(document=library.passages[0].document.id, page=1, start=17, end=34),
    ]

    assert [words_of(c) for c in library.candidates("same words")] == ["Same words there."]


def test_nothing_found_is_no_candidate(library: Library) -> None:
    assert library.candidates("pump") == []
