import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from examples import VERSION, a_passage, a_scored_chunk
from fakes import HashEmbedder
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.types import Heading, MediaType, Page, Passage, ScoredChunk, Structure, TableRow
from sourcier_service.extraction import MAX_FACT_LIST, Candidate, Extractor, choose
from sourcier_service.page_units import answer_units
from sourcier_service.question import Question, understand
from sourcier_service.sentences import Unit

EMBEDDER = HashEmbedder()


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
        a_candidate("delta", 0.91),
        a_candidate("beta", 0.89),  # more than 0.10 below the best
    ]

    assert chosen(candidates) == [(1, "alpha"), (1, "gamma"), (1, "delta")]


def test_how_close_is_for_the_question_to_say() -> None:
    candidates = [a_candidate("gamma", 1.00), a_candidate("alpha", 0.85)]

    assert chosen(candidates) == [(1, "gamma")]
    assert chosen([replace(c, near=0.18) for c in candidates]) == [(1, "alpha"), (1, "gamma")]


def test_another_page_must_be_closer_than_the_same_one() -> None:
    near = [a_candidate("gamma", 1.00), a_candidate("alpha", 0.85, page=2), a_candidate("beta", 0.84)]

    assert chosen([replace(c, near=0.18) for c in near]) == [(1, "beta"), (1, "gamma")]


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


LONG = "Open:\n" + "\n".join(
    f"{n}. Turn the wheel number {n} by half a turn and wait for it" for n in range(1, 10)
)


def a_list(score: float, *, page: int = 1, near: float = 0.18) -> Candidate:
    """A list of nine steps, longer than a fact's may be."""
    words = Page(page, LONG)
    (whole, *_) = answer_units(words)
    assert whole.end - whole.start > MAX_FACT_LIST
    return replace(Candidate(a_passage(page=page), words, whole, score, 0.5, 0.5), near=near)


def test_a_second_long_list_must_be_very_close() -> None:
    best = replace(a_candidate("gamma", 1.0, page=2), near=0.18)

    assert len(choose([best, a_list(0.95)], 3)) == 2
    assert len(choose([best, a_list(0.93)], 3)) == 1


def test_a_list_and_its_item_are_not_both_quoted() -> None:
    whole = a_list(1.0)
    item = replace(whole, unit=Unit(*whole.unit.items[2]), score=0.99)

    assert choose([whole, item], 3) == [whole]
    assert choose([replace(item, score=1.0), replace(whole, score=0.99)], 3) == [replace(item, score=1.0)]


def test_what_goes_on_over_a_pages_end_follows_and_counts_as_one() -> None:
    rest = a_candidate("beta", 1.0, page=2)
    whole = replace(a_candidate("epsilon", 1.0), rest=(rest,))

    assert chosen([whole, a_candidate("alpha", 0.99)], limit=2) == [(1, "alpha"), (1, "epsilon"), (2, "beta")]
    assert chosen([whole, rest], limit=2) == [(1, "epsilon"), (2, "beta")]  # not quoted twice


def a_rule(text: str, section: str, coverage: float, score: float, page: int) -> Candidate:
    found = Candidate(a_passage(page=page), Page(page, text), Unit(0, len(text)), score, 0.5, 0.5)
    return replace(found, section=(section,), section_coverage=coverage)


def test_of_two_rules_nearly_alike_the_one_whose_section_is_asked_about_is_quoted() -> None:
    asked = a_rule("The cut is made after 2 hours of waiting.", "Harbours", 0.4, 1.0, 1)
    other = a_rule("The cut is made after 1 hours of waiting.", "Water sites", 0.1, 0.99, 2)

    assert choose([asked, other], 3) == [asked]


def test_two_rules_nearly_alike_are_both_quoted_where_the_question_does_not_tell_them_apart() -> None:
    first = a_rule("The cut is made after 2 hours of waiting.", "Harbours", 0.2, 1.0, 1)
    other = a_rule("The cut is made after 1 hours of waiting.", "Water sites", 0.2, 0.99, 2)

    assert [c.section for c in choose([first, other], 3)] == [("Harbours",), ("Water sites",)]


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
        return self.candidates_for(understand(text, EMBEDDER, max_chars=200))

    def candidates_for(self, question: Question) -> list[Candidate]:
        extractor = Extractor(embedder=EMBEDDER, pages=self.pages)
        return extractor.candidates(question, self.passages, self.chunks)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def words_of(candidate: Candidate) -> str:
    return candidate.unit.text(candidate.page)


def test_coverage_is_the_share_of_the_questions_words_by_rarity(library: Library) -> None:
    library.add(Page(1, "Every pump in the hall turns daily. The valve in the hall turns rarely."))

    found = {words_of(c): c.coverage for c in library.candidates("pump turbine")}

    # One chunk is looked at. "pump" is in it: ln(1 + 2/2) = ln 2; "turbine" is nowhere: ln(1 + 2/1) = ln 3.
    pump = math.log(2) / (math.log(2) + math.log(3))
    assert found == pytest.approx(
        {"Every pump in the hall turns daily.": pump, "The valve in the hall turns rarely.": 0.0}
    )


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
    library.add(Page(1, "Every mission needs an order of the office. The valve turns rarely."))

    best = library.candidates("Quelle mission ?")[0]

    assert words_of(best) == "Every mission needs an order of the office."
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
    library.add(Page(1, "pump pressure valve must"))

    (candidate,) = library.candidates("pump pressure valve must")

    assert candidate.similarity == pytest.approx(1.0)
    assert candidate.coverage == pytest.approx(1.0)


def test_a_unit_in_english_is_also_compared_with_the_question_put_into_english(library: Library) -> None:
    library.add(Page(1, "The pump turns at night."))
    question = understand("La pompe la nuit ?", EMBEDDER, max_chars=200)
    pivoted = replace(question, pivot=EMBEDDER.embed_question("The pump turns at night."))

    (plain,) = library.candidates_for(question)
    (candidate,) = library.candidates_for(pivoted)

    assert candidate.similarity == pytest.approx(1.0)
    assert plain.similarity < 0.5


def test_a_unit_that_only_repeats_the_question_is_no_answer(library: Library) -> None:
    library.add(Page(1, "Change of the cash keeper. The two keepers count the money together."))

    assert [words_of(c) for c in library.candidates("What to do at a change of the cash keeper?")] == [
        "Change of the cash keeper. The two keepers count the money together."  # joined to what follows
    ]


def test_candidates_stand_best_first_and_equal_ones_in_reading_order(library: Library) -> None:
    library.add(
        Page(1, "Wrong one stands here before all others. Same words here now. Same words here now."),
        Page(2, "Same words here now."),
    )

    found = library.candidates("same words here")

    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    equal = [(c.passage.page, c.unit.start) for c in found if words_of(c) == "Same words here now."]
    assert equal == [(1, 41), (1, 62), (2, 0)]


def test_only_units_that_begin_inside_a_found_chunk_are_looked_at(library: Library) -> None:
    library.add(Page(1, "Same words stand here in full. Same words there as well."))
    library.chunks = [
        a_scored_chunk(document=library.passages[0].document.id, page=1, start=31, end=56),
    ]

    assert [words_of(c) for c in library.candidates("same words")] == ["Same words there as well."]


def test_nothing_found_is_no_candidate(library: Library) -> None:
    assert library.candidates("pump") == []


# --- what a kind of question gets

STEPS = """Before a lift all is counted by the two of them.
The lift is made in this order:
1. Weigh the load and read the plate of the crane that is used.
2. Check slings, shackles and hooks before the load is fixed to them.
3. Mark out the area and keep everyone out of it for as long as it takes.
4. Lift by 20 centimetres and wait for 30 seconds, with eyes on the brakes.
5. Move slowly with two lines, no higher than is needed to pass the wall.
6. Lower on timber, slacken, and unhook after the sign of the signaller.
Nobody passes beneath the load."""


def test_a_question_for_steps_gets_the_whole_list_in_order(library: Library) -> None:
    library.add(Page(1, STEPS))

    best = library.candidates("How do I make a lift with the crane?")[0]

    quoted = [best.page.text[slice(*item)][:2] for item in best.unit.items]
    assert quoted == ["1.", "2.", "3.", "4.", "5.", "6."]
    assert words_of(best).startswith("The lift is made in this order: 1. Weigh")


def test_a_question_for_a_fact_gets_the_item_that_holds_it(library: Library) -> None:
    library.add(Page(1, STEPS))

    best = library.candidates("How many seconds to wait after the lift by 20 centimetres?")[0]

    assert words_of(best).startswith("4. Lift by 20")
    assert best.page.text[slice(*(best.unit.context or (0, 0)))] == "The lift is made in this order:"


def test_steps_over_two_pages_come_together(library: Library) -> None:
    first, second = STEPS.split("4. Lift")
    library.add(Page(1, first.rstrip()), Page(2, "4. Lift" + second))

    best = library.candidates("How do I make a lift with the crane?")[0]

    (rest,) = best.rest
    assert (best.passage.page, rest.passage.page) == (1, 2)
    assert words_of(rest).startswith("4. Lift by 20")
    assert len(best.unit.items) + len(rest.unit.items) == 6


def test_a_table_row_knows_the_heads_of_its_columns(library: Library) -> None:
    text = "Vehicle Rate\ncar 0.50 euro\nbicycle 0.25 euro"
    rows = (TableRow(0, 12, None), TableRow(13, 26, (0, 12)), TableRow(27, 44, (0, 12)))
    library.add(Page(1, text, rows=rows))

    best = library.candidates("What is the rate of a bicycle?")[0]

    assert words_of(best) == "bicycle 0.25 euro"
    assert best.unit.context == (0, 12)


def test_a_unit_stands_in_the_section_above_it_not_in_its_chunks(library: Library) -> None:
    text = "The claim is filed by the agent.\n5 Pumps\nA pump is oiled after 400 hours of running."
    library.add(Page(1, text, headings=(Heading(33, 1, "5 Pumps"),)), section=("4 Claims",))

    found = {words_of(c): c.section for c in library.candidates("When is a pump oiled, and a claim filed?")}

    assert found == {
        "The claim is filed by the agent.": ("4 Claims",),
        "A pump is oiled after 400 hours of running.": ("5 Pumps",),
    }


def test_a_whole_sentence_is_preferred_to_the_rest_of_one(library: Library) -> None:
    library.add(Page(1, "of the pump in the hall waits.\n\nThe pump in the hall waits."))

    best = library.candidates("pump hall night")[0]

    assert words_of(best) == "The pump in the hall waits."


_WORDS = st.sampled_from(
    [
        "pump ",
        "valve ",
        "30 days ",
        "must ",
        ". ",
        ".\n",
        "\n\n",
        ":\n",
        "\n1. ",
        "\n2. ",
        "\n- ",
        "The ",
        "a",
        "? ",
        "oil ",
    ]
)


@given(
    texts=st.lists(st.lists(_WORDS, min_size=1, max_size=40).map("".join), min_size=1, max_size=3),
    asked=st.sampled_from(
        ["how do I oil the pump", "how long must the valve", "pump", "quels sont les valve"]
    ),
    limit=st.integers(1, 4),
)
def test_every_chosen_span_is_verbatim_inside_its_page_and_overlaps_none(
    texts: list[str], asked: str, limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = Library(tmp_path_factory.mktemp("pages"))
    pages = [Page(number, text) for number, text in enumerate(texts, 1)]
    library.add(*pages)

    quoted = choose(library.candidates(asked), limit)

    spans: dict[int | None, list[tuple[int, int]]] = {}
    for candidate in quoted:
        page, unit = pages[(candidate.passage.page or 0) - 1], candidate.unit
        assert candidate.page == page
        assert 0 <= unit.start < unit.end <= len(page.text)
        assert page.text[unit.start : unit.end].strip() == page.text[unit.start : unit.end]
        assert all(unit.start <= start < end <= unit.end for start, end in unit.items)
        spans.setdefault(page.number, []).append((unit.start, unit.end))
    for found in spans.values():
        assert all(first[1] <= second[0] for first, second in pairwise(sorted(found)))
