from dataclasses import replace
from typing import Any

import pytest
from examples import a_citation

from sourcier_core.types import Answer, AnswerMode, AnswerSentence, AnswerStatus, Context
from sourcier_service.api.presenting import present_answer
from sourcier_service.asking import print_answer

HEADS = Context("Vehicle\nRate", 0, 12)


def a_body(*sentences: tuple[str, Context | None]) -> dict[str, Any]:
    """An answer of so many sentences, each with a citation of its own."""
    answer = Answer(
        question="How much?",
        status=AnswerStatus.ANSWERED,
        mode=AnswerMode.EXTRACTIVE,
        language="en",
        sentences=tuple(AnswerSentence(text, (n,)) for n, (text, _) in enumerate(sentences, 1)),
        citations=tuple(
            replace(a_citation(quote=text), n=n, context=context)
            for n, (text, context) in enumerate(sentences, 1)
        ),
        passages=(),
        confidence=0.9,
    )
    return present_answer(answer).model_dump(mode="json")


def printed(capsys: pytest.CaptureFixture[str], body: dict[str, Any]) -> list[str]:
    print_answer(body)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_row_is_printed_below_its_column_heads_and_they_are_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = printed(capsys, a_body(("car 0.50", HEADS), ("bicycle 0.25", HEADS), ("All is paid.", None)))

    assert lines[:4] == ["Vehicle Rate", "car 0.50 [1]", "bicycle 0.25 [2]", "All is paid. [3]"]


def test_heads_are_printed_again_after_something_else(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, a_body(("car 0.50", HEADS), ("All is paid.", None), ("bicycle 0.25", HEADS)))

    assert lines[:5] == [
        "Vehicle Rate",
        "car 0.50 [1]",
        "All is paid. [2]",
        "Vehicle Rate",
        "bicycle 0.25 [3]",
    ]


def test_each_source_names_its_section(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, a_body(("All is paid.", None)))

    assert lines[1] == "  [1] Guide, page 1 (PDF 3), 4 Travel > 4.2 Claims"
