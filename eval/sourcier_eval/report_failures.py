"""The questions that went wrong -> sections of the report, a card for each question."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sourcier_eval.comparison_tables import place
from sourcier_eval.failures import Failure, Failures
from sourcier_eval.markup import Markup, element, join
from sourcier_eval.rows import RowCitation

OPEN = 10  # cards of a section shown at once; the rest is behind a fold


def failure_sections(failures: Failures) -> Iterator[Markup]:
    """Give a section for each way of going wrong."""
    yield _section(
        "Wrong answers",
        "The worst first: answered, and nothing cited stands on a page that answers.",
        [
            _card(failure, _found(failure), _first(failure), _answered(failure), _cited(failure))
            for failure in failures.wrong
        ],
    )
    yield _section(
        "No answer though there is one",
        "The most regrettable first: the page stood near the top, and still no answer was given.",
        [_card(failure, _found(failure), _first(failure)) for failure in failures.abstained],
    )
    yield _section(
        "Answers to what no document says",
        "The surest first: the set says that nothing answers these questions.",
        [_card(failure, _answered(failure), _cited(failure)) for failure in failures.invented],
    )


def _section(title: str, words: str, cards: Sequence[Markup]) -> Markup:
    shown = [element("div", *cards[:OPEN], class_="cards")] if cards else [element("p", "None.")]
    if rest := cards[OPEN:]:
        fold = element("summary", f"{len(rest)} more")
        shown.append(element("details", fold, element("div", *rest, class_="cards")))
    heading = element("h2", title, " ", element("span", str(len(cards)), class_="count"))
    return element("section", heading, element("p", words, class_="lead") if cards else None, *shown)


def _card(failure: Failure, *parts: Markup | None) -> Markup:
    question, row = failure.question, failure.row
    facts = [
        question.id,
        question.kind,
        None if row.confidence is None else f"confidence {row.confidence:.2f}",
    ]
    if row.reason:
        facts.append(row.reason.replace("_", " "))
    return element(
        "article",
        element("h3", question.text, lang=_lang(question.lang)),
        element("p", " · ".join(fact for fact in facts if fact), class_="facts"),
        element("dl", *parts),
    )


def _found(failure: Failure) -> Markup:
    """Return which page answers, where it stood, what it says, and the answer that the set expects."""
    stood = "not retrieved" if failure.rank is None else f"stood at rank {failure.rank}"
    places = []
    for evidence in failure.question.evidence:
        words = element("q", evidence.text) if evidence.text else None
        places.append(element("dd", element("b", place(evidence.location)), words))
    answer = failure.question.answer
    return join(
        element("dt", "Should have found ", element("span", stood, class_="rank")),
        *places,
        join(element("dt", "Expected answer"), element("dd", answer)) if answer else None,
    )


def _first(failure: Failure) -> Markup | None:
    if failure.rank == 1 or not failure.row.passages:
        return None
    return join(
        element("dt", "Stood first instead"),
        element("dd", element("b", place(failure.row.passages[0].location))),
    )


def _answered(failure: Failure) -> Markup:
    return join(element("dt", "Sourcier answered"), element("dd", element("q", failure.row.answer)))


def _cited(failure: Failure) -> Markup:
    cited = [
        element("dd", element("b", place(location)), *(_quote(citation) for citation in citations))
        for location, citations in groupby(failure.row.citations, key=lambda citation: citation.location)
    ]
    return join(element("dt", "Cited"), *(cited or [element("dd", "nothing")]))


def _quote(citation: RowCitation) -> Markup:
    return join(
        element("q", citation.quote),
        None if citation.verified else element("em", "This quote is not verified."),
    )


def _lang(lang: str) -> str | None:
    return None if lang == "und" else lang
