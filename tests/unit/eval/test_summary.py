import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcier_core.types import AnswerStatus
from sourcier_eval.metric_names import CROSS_LINGUAL, FRENCH_ENGLISH, MEANS, OTHERS, PARITY, RISKS
from sourcier_eval.question_sets import Evidence, Question, QuestionSet
from sourcier_eval.rows import Row, RowCitation, RowPassage
from sourcier_eval.summary import GroupMetrics, summarise

GOLD = ("a.pdf", 3)
OTHER = ("b.pdf", 1)


def test_retrieval_is_averaged_over_answerable_questions_only() -> None:
    questions = _set(_question("q-1"), _question("q-2"), _question("q-3", answerable=False))
    rows = [_row("q-1", GOLD), _row("q-2", OTHER, GOLD), _row("q-3", OTHER)]

    overall = summarise(questions, rows)["overall"]

    # First at rank 1, second at rank 2: hit@1 1/2, MRR (1 + 1/2) / 2. The third has no gold and is left out.
    assert overall["page"]["hit@1"] == pytest.approx(1 / 2)
    assert overall["page"]["hit@3"] == 1.0
    assert overall["page"]["mrr"] == pytest.approx(3 / 4)
    assert overall["measured"]["page"]["hit@1"] == 2


def test_abstaining_does_not_hide_what_was_retrieved() -> None:
    metrics = summarise(_set(_question("q-1")), [_row("q-1", GOLD, status=AnswerStatus.NO_ANSWER)])

    assert metrics["overall"]["page"]["hit@1"] == 1.0
    assert metrics["overall"]["answer"]["containment"] == 0.0


def test_abstention_is_judged_over_all_questions() -> None:
    questions = _set(*(_question(f"q-{i}", answerable=i > 3) for i in range(1, 8)))
    # Unanswerable 1, 2, 3; abstained on 1, 2 and 4: precision, recall and F1 2/3; 1 of 4 answerable wrong.
    rows = [_row(f"q-{i}", status=_no_answer_if(i in {1, 2, 4})) for i in range(1, 8)]

    abstention = summarise(questions, rows)["overall"]["abstention"]

    assert abstention == pytest.approx(
        {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "false_rate": 1 / 4, "abstained": 3}
    )


def test_languages_and_kinds_are_groups_of_their_own() -> None:
    questions = _set(
        _question("q-1", lang="fr", kind="table"), _question("q-2", lang="en"), _question("q-3", lang="fr")
    )

    metrics = summarise(questions, [_row("q-1", GOLD), _row("q-2", OTHER), _row("q-3", OTHER)])

    assert list(metrics["by_language"]) == ["en", "fr"]
    assert metrics["by_language"]["fr"]["questions"] == 2
    assert metrics["by_language"]["fr"]["page"]["hit@1"] == 0.5
    assert metrics["by_language"]["en"]["page"]["hit@1"] == 0.0
    assert list(metrics["by_kind"]) == ["table"]
    assert metrics["by_kind"]["table"]["page"]["hit@1"] == 1.0


def test_latency_percentiles_are_interpolated() -> None:
    questions = _set(*(_question(f"q-{i}") for i in range(1, 5)))
    rows = [_row(f"q-{i}", latency_ms=100.0 * i) for i in range(1, 5)]

    # 100, 200, 300, 400: the median lies halfway at 250; p95 at position 0.95 * 3 = 2.85: 300 + 0.85 * 100.
    assert summarise(questions, rows)["overall"]["latency_ms"] == pytest.approx({"p50": 250.0, "p95": 385.0})


def test_a_question_without_a_row_counts_as_a_failure_and_is_told() -> None:
    questions = _set(_question("q-1"), _question("q-2"), _question("q-3", answerable=False))

    overall = summarise(questions, [_row("q-1", GOLD)])["overall"]

    assert overall["missing"] == 2
    assert overall["page"]["hit@1"] == 0.5
    assert overall["answer"]["containment"] == 0.5
    assert overall["abstention"]["recall"] is None
    assert overall["status"] == {"answered": 1, "partial": 0, "no_answer": 0}


def test_a_run_without_rows_is_all_failures_and_no_latency() -> None:
    overall = summarise(_set(_question("q-1"), _question("q-2", answerable=False)), [])["overall"]

    assert set(overall["page"].values()) == {0.0}
    assert overall["latency_ms"] == {"p50": None, "p95": None}
    assert overall["abstention"] == {
        "precision": None, "recall": None, "f1": None, "false_rate": None, "abstained": 0
    }  # fmt: skip


def test_a_set_without_answerable_questions_has_nothing_to_retrieve() -> None:
    overall = summarise(_set(_question("q-1", answerable=False)), [_row("q-1", GOLD)])["overall"]

    assert set(overall["page"].values()) == {None}
    assert set(overall["interval_95"]["page"].values()) == {None}
    assert set(overall["measured"]["page"].values()) == {0}


def test_every_mean_has_an_interval_around_it() -> None:
    questions = _set(*(_question(f"q-{i}") for i in range(40)))
    rows = [_row(f"q-{i}", GOLD if i % 4 else OTHER) for i in range(40)]

    overall = summarise(questions, rows)["overall"]

    # 30 of 40: standard error sqrt(0.75 * 0.25 / 40) = 0.068; 0.75 -+ 1.96 * 0.068 = 0.616, 0.884.
    assert overall["page"]["hit@1"] == 0.75
    assert overall["interval_95"]["page"]["hit@1"] == pytest.approx([0.616, 0.884], abs=0.03)


def test_keys_are_those_documented() -> None:
    overall = cast("dict[str, Any]", summarise(_set(_question("q-1")), [_row("q-1")])["overall"])
    blocks = ("page", "document", "answer", "citations", "abstention", "risk", "latency_ms")

    assert {f"{block}.{key}" for block in blocks for key in overall[block]} == {*MEANS, *RISKS, *OTHERS}
    for beside in (overall["measured"], overall["interval_95"]):
        assert {f"{block}.{key}" for block in beside for key in beside[block]} == {*MEANS, *RISKS}
    assert set(overall) == set(GroupMetrics.__annotations__)


def test_risk_is_told_of_answers_given_and_of_all_questions() -> None:
    questions = _set(*(_question(f"q-{i}", answerable=i < 5) for i in range(1, 6)))
    rows = [
        _row("q-1", GOLD, cited=[GOLD], confidence=0.9),  # right
        _row("q-2", GOLD, cited=[OTHER], confidence=0.8),  # wrong: the page cited is not gold
        _row("q-3", GOLD, confidence=0.3, status=AnswerStatus.NO_ANSWER),  # would have been right
        _row("q-4", OTHER, confidence=0.2, status=AnswerStatus.NO_ANSWER),  # would have been wrong
        _row("q-5", OTHER, cited=[OTHER], confidence=0.6),  # wrong: unanswerable
    ]

    risk = summarise(questions, rows)["overall"]["risk"]

    assert risk["unsupported"] == pytest.approx(2 / 3)
    assert risk["full_coverage"] == pytest.approx(3 / 5)
    # By confidence: right, wrong, wrong, right, wrong. Risks 0, 1/2, 2/3, 2/4, 3/5; their mean 34/75.
    assert risk["area"] == pytest.approx(34 / 75)
    # A bin per question: |0.9 - 1|, |0.8 - 0|, |0.6 - 0|, |0.3 - 1|, |0.2 - 0|; their mean 2.4 / 5.
    assert risk["calibration_error"] == pytest.approx(0.48)
    # Answerable: 2 of 4 answered, 1 of 4 wrongly; unanswerable: 1 of 1 answered.
    # At 20 %: (0.2 * 1 + 0.8 * 1/4) / (0.2 * 1 + 0.8 * 2/4) = 0.4 / 0.6.
    assert risk["expected@20"] == pytest.approx(2 / 3)


def test_rows_without_a_confidence_leave_its_risks_unmeasured() -> None:
    overall = summarise(_set(_question("q-1")), [_row("q-1", GOLD, cited=[GOLD])])["overall"]

    assert overall["risk"]["unsupported"] == 0.0
    assert overall["risk"]["area"] is overall["risk"]["calibration_error"] is None
    assert overall["measured"]["risk"]["area"] == 0
    assert overall["interval_95"]["risk"]["area"] is None


def test_parity_is_french_less_english_and_cross_lingual_less_the_rest() -> None:
    questions = _set(
        _question("q-1", lang="fr", kind="cross_lingual"),
        _question("q-2", lang="fr"),
        _question("q-3", lang="en"),
        _question("q-4", lang="de"),
    )
    rows = [_row("q-1", OTHER), _row("q-2", GOLD), _row("q-3", GOLD), _row("q-4", GOLD)]

    parity = summarise(questions, rows)["parity"]

    languages, crossing = parity[FRENCH_ENGLISH]["page.hit@5"], parity[CROSS_LINGUAL]["page.hit@5"]
    assert languages is not None
    assert crossing is not None
    assert (languages["gap"], languages["questions"]) == (-0.5, [2, 1])  # 1/2 - 1/1
    assert languages["interval_95"] == [-1.0, 0.0]
    assert (crossing["gap"], crossing["questions"]) == (-1.0, [1, 3])  # 0/1 - 3/3
    assert set(parity[FRENCH_ENGLISH]) == set(PARITY)


def test_parity_of_one_language_is_not_measured() -> None:
    parity = summarise(_set(_question("q-1")), [_row("q-1", GOLD)])["parity"]

    assert {gap for gaps in parity.values() for gap in gaps.values()} == {None}


def test_two_rows_of_one_question_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two rows have the id 'q-1'"):
        summarise(_set(_question("q-1")), [_row("q-1"), _row("q-1")])


def test_a_row_of_another_set_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="'q-9' belongs to no question of 'golden'"):
        summarise(_set(_question("q-1")), [_row("q-9")])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["fr", "en"]), st.sampled_from(AnswerStatus), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_groups_add_up_to_the_whole_and_everything_is_json(
    outcomes: list[tuple[bool, str, AnswerStatus, bool]],
) -> None:
    questions = [
        _question(str(i), answerable=answerable, lang=lang)
        for i, (answerable, lang, _, _) in enumerate(outcomes)
    ]
    rows = [_row(str(i), GOLD, status=status) for i, (_, _, status, there) in enumerate(outcomes) if there]

    metrics = summarise(_set(*questions), rows)

    languages = metrics["by_language"].values()
    for count in ("questions", "answerable", "unanswerable", "missing"):
        assert sum(group[count] for group in languages) == metrics["overall"][count]
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def _question(name: str, *, answerable: bool = True, lang: str = "en", kind: str | None = None) -> Question:
    return Question(
        id=name,
        text="What is the ceiling?",
        lang=lang,
        answerable=answerable,
        answer="30 euros" if answerable else None,
        evidence=(Evidence(*GOLD, text="30 euros"),) if answerable else (),
        meta={"kind": kind} if kind else {},
    )


def _set(*questions: Question) -> QuestionSet:
    return QuestionSet(name="golden", docs=Path("docs"), questions=questions)


def _row(
    name: str,
    *pages: tuple[str, int],
    status: AnswerStatus = AnswerStatus.ANSWERED,
    latency_ms: float = 10.0,
    cited: Sequence[tuple[str, int]] = (),
    confidence: float | None = None,
) -> Row:
    return Row(
        id=name,
        question="What is the ceiling?",
        lang="en",
        answerable=True,
        status=status,
        answer="" if status is AnswerStatus.NO_ANSWER else "30 euros",
        passages=tuple(RowPassage(doc, page, 1.0) for doc, page in pages),
        citations=tuple(RowCitation(doc, page, "30 euros", True) for doc, page in cited),
        latency_ms=latency_ms,
        confidence=confidence,
    )


def _no_answer_if(abstained: bool) -> AnswerStatus:
    return AnswerStatus.NO_ANSWER if abstained else AnswerStatus.ANSWERED
