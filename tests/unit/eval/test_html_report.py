import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from eval_runs import GOLD, OTHER, a_question, a_row, write_run

from sourcier_eval.html_report import render_report
from sourcier_eval.question_sets import Question
from sourcier_eval.rows import Row
from sourcier_eval.run_files import read_run

NASTY = "<script>alert('été')</script> & \"co\" <img src=x>"
QUESTIONS = [
    a_question("right"),
    a_question("wrong", lang="fr", kind="cross_lingual", text="Quel est le plafond ?"),
    a_question("silent", lang="fr", kind="paraphrase"),
    a_question("invented", answerable=False),
]
ROWS = [
    a_row("right", GOLD, cited=[GOLD], confidence=0.9, latency_ms=50.0),
    a_row("wrong", OTHER, ("a.pdf", 1), GOLD, cited=[OTHER], confidence=0.7, latency_ms=150.0),
    a_row("silent", GOLD, abstained=True, confidence=0.2, latency_ms=250.0),
    a_row("invented", OTHER, cited=[OTHER], confidence=0.6, latency_ms=350.0),
]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a report is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []  # the elements around it, outermost first
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((tuple(self.open), data))

    def of(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of each element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def words(self, *inside: str) -> list[str]:
        """Return the texts that stand inside these elements."""
        return [text for around, text in self.texts if set(inside) <= set(around)]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return _page(tmp_path / "run")


def test_every_element_is_closed(page: Page) -> None:
    assert page.open == []


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path, page: Page) -> None:
    text = render_report(read_run(tmp_path / "run"))

    names = Counter(tag for tag, _ in page.elements)
    loading = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "image", "use", "base"}
    assert loading.isdisjoint(names)
    attributes = {name for _, found in page.elements for name in found}
    assert {"src", "href", "srcset", "style", "onclick", "onload"}.isdisjoint(attributes)
    assert re.search(r"https?:|url\(|@import|@font-face", text) is None
    (policy,) = [meta["content"] for meta in page.of("meta") if "http-equiv" in meta]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_fits_a_telephone_and_both_colour_schemes(tmp_path: Path, page: Page) -> None:
    text = render_report(read_run(tmp_path / "run"))

    metas = {meta["name"]: meta["content"] for meta in page.of("meta") if "name" in meta}
    assert metas == {"viewport": "width=device-width, initial-scale=1", "color-scheme": "light dark"}
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert page.of("html") == [{"lang": "en"}]


def test_each_plot_has_a_name_a_description_and_a_table(page: Page) -> None:
    plots = [svg for svg in page.of("svg") if "aria-hidden" not in svg]

    assert [svg["aria-labelledby"] for svg in plots] == [
        f"{name}-title {name}-description" for name in ("recall", "risk", "reliability", "latency")
    ]
    assert {svg["role"] for svg in plots} == {"img"}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) == 8
    assert page.words("figure", "summary") == ["As a table"] * 4
    assert len(page.words("figure", "table", "thead")) == 3 + 3 + 3 + 2  # headings


def test_plots_have_the_numbers_of_the_run(page: Page) -> None:
    cells = page.words("figure", "tbody")

    # Recall@1 of pages 2/3 and of documents the same; at 3 all are found.
    assert cells[:3] == ["1", "0.667", "0.667"]
    assert cells[6:9] == ["3", "1.000", "1.000"]
    descriptions = page.words("desc")
    # Three of four were answered, two of them wrongly; "silent" would have been right: 2 of 4 wrong.
    assert descriptions[1].startswith("Of all questions 0.75 were answered, 0.67 of these wrongly")
    assert "0.50 would have been wrong" in descriptions[1]
    # 50, 150, 250, 350: the median 200, p95 at position 2.85: 250 + 0.85 * 100.
    assert descriptions[3] == "Half took at most 200 ms, 95 % at most 335 ms; the longest 350 ms."


def test_tables_have_headed_rows_and_columns_and_scroll_by_themselves(page: Page) -> None:
    assert {th["scope"] for th in page.of("th")} == {"row", "col"}
    frames = [div for div in page.of("div") if div.get("class") == "scroll"]
    assert len(frames) == len(page.of("table"))
    assert all(div["tabindex"] == "0" and div["role"] == "region" and div["aria-label"] for div in frames)


def test_sections_are_those_that_a_reader_looks_for(page: Page) -> None:
    headings = [text.strip() for around, text in page.texts if around[-1] == "h2"]

    assert headings == [
        "How much is found",
        "What answering less would save",
        "Whether the confidence can be trusted",
        "How long it took",
        "Retrieval",
        "Answers and citations",
        "Abstention and risk",
        "By language",
        "By kind of question",
        "Parity",
        "Wrong answers",
        "No answer though there is one",
        "Answers to what no document says",
    ]


def test_a_wrong_answer_is_shown_with_what_should_have_been(page: Page) -> None:
    cards = page.words("article")
    card = cards[: cards.index("What is the ceiling?")]

    assert card == [
        "Quel est le plafond ?",
        "wrong · cross_lingual · confidence 0.70",
        "Should have found ",
        "stood at rank 3",
        "a.pdf p. 3",
        "a ceiling of 30 euros",
        "Expected answer",
        "30 euros",
        "Stood first instead",
        "b.pdf p. 1",
        "Sourcier answered",
        "30 euros",
        "Cited",
        "b.pdf p. 1",
        "30 euros",
    ]
    assert page.of("h3")[0] == {"lang": "fr"}


def test_no_words_stand_among_the_marks_of_the_confidence(page: Page) -> None:
    notes = [attributes for tag, attributes in page.elements if attributes.get("class") == "note"]

    assert len(notes) == 2 + 2  # pages and documents; p50 and p95: where there is room


def test_a_wrong_abstention_and_an_invention_are_shown(page: Page) -> None:
    cards = page.words("article")

    assert "silent · paraphrase · confidence 0.20 · low support" in cards
    assert "stood at rank 1" in cards
    assert "invented · confidence 0.60" in cards


def test_what_questions_documents_and_settings_say_is_text(tmp_path: Path) -> None:
    questions = [a_question("q<1>", kind=NASTY, lang="<b>", text=NASTY, answer=NASTY)]
    row = a_row("q<1>", (NASTY, 1), cited=[(NASTY, 1)])
    citation = replace(row.citations[0], quote=NASTY, verified=False)
    rows = [replace(row, answer=NASTY, citations=(citation,))]

    page = _page(tmp_path / "run", questions, rows, warnings=[NASTY])

    assert page.of("script") == page.of("img") == []
    assert page.words("h3") == page.words("ul", "li")[:1] == [NASTY]
    assert page.words("q")[1:] == [NASTY, NASTY]
    assert f"{NASTY} p. 1" in page.words("article")
    assert "This quote is not verified." in page.words("article")
    assert page.of("h3") == [{"lang": "<b>"}]


def test_many_failures_are_folded(tmp_path: Path) -> None:
    questions = [a_question(f"q-{i}") for i in range(12)]
    rows = [a_row(f"q-{i}", OTHER, cited=[OTHER]) for i in range(12)]

    page = _page(tmp_path / "run", questions, rows)

    assert page.words("section", "summary") == ["2 more"]
    assert len(page.of("article")) == 12
    assert page.words("h2", "span") == ["12", "0", "0"]


def test_warnings_and_missing_results_are_told_at_the_top(tmp_path: Path) -> None:
    page = _page(tmp_path / "run", QUESTIONS, ROWS[:3], warnings=["'b.pdf' does not answer"])

    assert page.words("header", "li") == [
        "1 question(s) have no result and count as failures.",
        "'b.pdf' does not answer",
    ]


def test_a_run_without_any_row_has_a_report(tmp_path: Path) -> None:
    page = _page(tmp_path / "run", QUESTIONS, [])

    assert page.words("svg", "title") == ["Recall by number of pages looked at"]
    assert page.of("article") == []


def test_rows_of_before_confidence_have_no_plots_of_it(tmp_path: Path) -> None:
    page = _page(tmp_path / "run", QUESTIONS, [replace(row, confidence=None) for row in ROWS])

    assert page.words("svg", "title") == [
        "Recall by number of pages looked at",
        "Questions by time to answer",
    ]


def test_a_set_of_unanswerable_questions_has_a_report(tmp_path: Path) -> None:
    page = _page(tmp_path / "run", QUESTIONS[3:], ROWS[3:])

    assert "Recall by number of pages looked at" not in page.words("svg", "title")
    assert page.words("h2", "span") == ["0", "0", "1"]


def _page(
    out: Path,
    questions: Sequence[Question] = QUESTIONS,
    rows: Sequence[Row] = ROWS,
    *,
    warnings: Sequence[str] = (),
) -> Page:
    return Page(render_report(read_run(write_run(out, questions, rows, warnings=warnings))))
