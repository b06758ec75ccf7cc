import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sourcier_core.errors import InvalidQuestionSet
from sourcier_eval.question_sets import (
    Evidence,
    Question,
    language_warnings,
    read_question_set,
    read_questions,
)

ROW: dict[str, Any] = {
    "id": "q-1",
    "question": "Quel est le plafond ?",
    "lang": "fr",
    "answer": "1 577 €",
    "answerable": True,
    "evidence": [{"doc": "a.pdf", "page": 3, "text": "plafond de 1 577 €"}],
    "source": "ours",
    "meta": {"kind": "table"},
}
UNANSWERABLE = ROW | {"id": "q-2", "answerable": False, "answer": None, "evidence": []}


def test_a_full_row_is_read_field_by_field(tmp_path: Path) -> None:
    question_set = read_question_set(_folder(tmp_path / "golden", _line(ROW)))

    assert question_set.name == "golden"
    assert question_set.docs == tmp_path / "golden" / "docs"
    assert question_set.questions == (
        Question(
            id="q-1",
            text="Quel est le plafond ?",
            lang="fr",
            answerable=True,
            answer="1 577 €",
            evidence=(Evidence("a.pdf", 3, "plafond de 1 577 €"),),
            source="ours",
            meta={"kind": "table"},
        ),
    )
    assert question_set.questions[0].kind == "table"
    assert question_set.questions[0].gold == {("a.pdf", 3)}


def test_optional_keys_may_be_absent_or_null(tmp_path: Path) -> None:
    bare = {key: ROW[key] for key in ("id", "question", "answer", "answerable")}
    evidence = {"evidence": [{"doc": "a.md", "page": None}]}
    nulls = {"id": "q-2", "lang": None, "source": None, "meta": None}

    first, second = read_question_set(
        _folder(tmp_path, _line(bare | evidence), _line(bare | evidence | nulls))
    ).questions

    for question in (first, second):
        assert (question.lang, question.source, question.meta, question.kind) == ("und", None, {}, None)
        assert question.evidence == (Evidence("a.md", None, ""),)


def test_unanswerable_retrieval_only_and_unknown_keys_are_accepted(tmp_path: Path) -> None:
    retrieval_only = ROW | {"id": "q-3", "answer": "", "difficulty": 3, "meta": {"sort": 7}}

    questions = read_question_set(_folder(tmp_path, _line(UNANSWERABLE), _line(retrieval_only))).questions

    assert [(question.answerable, question.answer) for question in questions] == [(False, None), (True, "")]
    assert questions[1].kind is None


def test_byte_order_mark_blank_lines_crlf_and_line_separators_inside_a_text_do_no_harm(
    tmp_path: Path,
) -> None:
    strange = ROW | {"question": "Un\N{LINE SEPARATOR}deux"}
    folder = _folder(
        tmp_path, b"\xef\xbb\xbf" + _line(strange) + b"\r", b"", _line(UNANSWERABLE) + b"\r", b""
    )

    questions = read_question_set(folder).questions

    assert [question.id for question in questions] == ["q-1", "q-2"]
    assert questions[0].text == "Un\N{LINE SEPARATOR}deux"


def test_a_set_given_as_a_dot_is_named_after_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_folder(tmp_path / "golden", _line(ROW)))

    assert read_question_set(Path()).name == "golden"


@pytest.mark.parametrize("name", ["gone.pdf", "A.pdf", "sub", "../docs/a.pdf", "sub\\b.pdf"])
def test_a_document_that_is_not_under_docs_is_a_fault(tmp_path: Path, name: str) -> None:
    evidence = [{"doc": doc, "page": 1} for doc in ("a.pdf", "sub/b.pdf", name, name)]

    assert _refusal(tmp_path, ROW | {"evidence": evidence}) == f"there is no document {name!r} under docs/"


def test_questions_alone_are_read_without_their_documents(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(_line(ROW))

    assert [question.id for question in read_questions(path)] == ["q-1"]


def test_a_question_knows_its_line_and_is_equal_without_it(tmp_path: Path) -> None:
    questions = read_question_set(_folder(tmp_path, b"", _line(ROW), b"", _line(UNANSWERABLE))).questions

    assert [question.line for question in questions] == [2, 4]
    assert questions[0] == replace(questions[0], line=9)


def test_a_set_is_told_from_another_by_its_questions_and_gold_alone(tmp_path: Path) -> None:
    first = read_question_set(_folder(tmp_path / "a", _line(ROW), _line(UNANSWERABLE)))
    other_layout = read_question_set(
        _folder(tmp_path / "b", _line(UNANSWERABLE) + b"\r", b"", _line(ROW | {"difficulty": 3}))
    )
    other_gold = read_question_set(
        _folder(tmp_path / "c", _line(ROW | {"answer": "1 578 €"}), _line(UNANSWERABLE))
    )

    assert first.sha256 == other_layout.sha256 != other_gold.sha256


def test_a_folder_that_does_not_exist_is_said_not_to(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuestionSet, match="there is no such folder"):
        read_question_set(tmp_path / "nowhere")


def test_questions_in_no_known_language_are_warned_about(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"id": "q-2", "lang": None}, ROW | {"id": "q-3", "lang": "de"}]
    rows.append(ROW | {"id": "q-4", "lang": "de"})

    warnings = language_warnings(read_question_set(_folder(tmp_path, *map(_line, rows))))

    assert [warning.split(":")[0] for warning in warnings] == [
        '2 questions have the lang \'de\', not "fr" or "en" (first on line 3)',
        '1 question has no lang, not "fr" or "en" (first on line 2)',
    ]


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()

    with pytest.raises(InvalidQuestionSet, match=r"questions\.jsonl cannot be read \(No such file"):
        read_question_set(tmp_path)


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_bytes(_line(ROW))

    with pytest.raises(InvalidQuestionSet, match=r"folder docs/ .* is missing"):
        read_question_set(tmp_path)


def test_a_set_without_a_question_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuestionSet, match=r"questions\.jsonl' cannot be run: it has no question"):
        read_question_set(_folder(tmp_path, b"", b"  "))


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b'{"id": ', "it is not JSON (Expecting value, column 8)"),
        (b'{"id": "\xe9"}', "it is not UTF-8 (byte 9)"),
        (b"[" * 100_000, "it is not JSON that can be read"),
        (b"[1]", "it is not a JSON object"),
        (rb'{"id": "\ud800"}', "a text holds half of a character (a lone \\ud800 to \\udfff)"),
    ],
)
def test_a_line_that_is_no_object_is_refused_by_file_line_and_cause(
    tmp_path: Path, line: bytes, cause: str
) -> None:
    folder = _folder(tmp_path, _line(UNANSWERABLE), b"", line)

    with pytest.raises(InvalidQuestionSet) as caught:
        read_question_set(folder)

    path = folder / "questions.jsonl"
    assert str(caught.value) == (
        f"The question set {str(path)!r} cannot be run: 1 fault; nothing was asked\n  {path}:3: {cause}."
    )


def test_every_fault_of_every_line_is_listed(tmp_path: Path) -> None:
    wrong_twice = ROW | {"id": 7, "evidence": [{"doc": "a.pdf", "page": 0}, {"doc": "gone.pdf", "page": "2"}]}
    folder = _folder(tmp_path, _line(ROW), _line(wrong_twice), b"nonsense", _line(ROW), _line({}))

    with pytest.raises(InvalidQuestionSet) as caught:
        read_question_set(folder)

    head, *faults = str(caught.value).split("\n")
    assert head.endswith("cannot be run: 11 faults; nothing was asked")
    assert [fault.removeprefix(f"  {folder / 'questions.jsonl'}:").removesuffix(".") for fault in faults] == [
        "2: id is not a text",
        "2: evidence 1: page is 0; pages count from 1",
        "2: evidence 2: page is not a whole number",
        "2: there is no document 'gone.pdf' under docs/",
        "3: it is not JSON (Expecting value, column 1)",
        "4: the id 'q-1' stands on line 1 already",
        "5: answerable is missing",
        "5: answer is missing",
        "5: evidence is missing",
        "5: id is missing",
        "5: question is missing",
    ]


def test_faults_beyond_fifty_are_counted(tmp_path: Path) -> None:
    folder = _folder(tmp_path, *[b"nonsense"] * 53)

    with pytest.raises(InvalidQuestionSet) as caught:
        read_question_set(folder)

    head, *listed = str(caught.value).split("\n")
    assert "53 faults" in head
    assert len(listed) == 51
    assert listed[-1] == "  and 3 more."


@pytest.mark.parametrize("key", ["id", "question", "answer", "answerable", "evidence"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    row = {name: value for name, value in ROW.items() if name != key}

    assert _refusal(tmp_path, row) == f"{key} is missing"


@pytest.mark.parametrize("key", ["doc", "page"])
def test_a_missing_key_of_evidence_is_named(tmp_path: Path, key: str) -> None:
    evidence = {name: value for name, value in ROW["evidence"][0].items() if name != key}

    assert _refusal(tmp_path, ROW | {"evidence": [evidence]}) == f"evidence 1: {key} is missing"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"id": 7}, "id is not a text"),
        ({"id": " "}, "id is empty"),
        ({"question": None}, "question is null, it must be a text"),
        ({"question": ""}, "question is empty"),
        ({"lang": 1}, "lang is not a text"),
        ({"answer": 1577}, "answer is not a text"),
        ({"answerable": "yes"}, "answerable is not true or false"),
        ({"answerable": 1}, "answerable is not true or false"),
        ({"evidence": {}}, "evidence is not a list"),
        ({"evidence": ["a.pdf"]}, "evidence 1 is not an object"),
        ({"evidence": [{"doc": "a.pdf", "page": 0}]}, "evidence 1: page is 0; pages count from 1"),
        ({"evidence": [{"doc": "a.pdf", "page": "3"}]}, "evidence 1: page is not a whole number"),
        ({"evidence": [{"doc": "a.pdf", "page": True}]}, "evidence 1: page is not a whole number"),
        ({"evidence": [{"doc": "", "page": 1}]}, "evidence 1: doc is empty"),
        ({"evidence": [{"doc": "a.pdf", "page": 1.5}]}, "evidence 1: page is not a whole number"),
        ({"evidence": [{"doc": "a.pdf", "page": 1, "text": 3}]}, "evidence 1: text is not a text"),
        ({"meta": []}, "meta is not an object"),
        ({"meta": {"kind": 7}}, "meta: kind is not a text"),
        ({"answerable": False}, "answerable is false but answer is not null"),
        (
            {"answer": None},
            'answerable is true but answer is null; write "" where only retrieval is measured',
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(
    tmp_path: Path, change: dict[str, object], cause: str
) -> None:
    assert _refusal(tmp_path, ROW | change) == cause


def test_an_id_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _line(ROW), _line(UNANSWERABLE), _line(ROW))

    with pytest.raises(InvalidQuestionSet, match=":3: the id 'q-1' stands on line 1 already"):
        read_question_set(folder)


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _folder(folder: Path, *lines: bytes) -> Path:
    (folder / "docs" / "sub").mkdir(parents=True)
    for name in ("a.pdf", "a.md", "sub/b.pdf"):
        (folder / "docs" / name).touch()
    (folder / "questions.jsonl").write_bytes(b"\n".join(lines))
    return folder


def _refusal(tmp_path: Path, row: dict[str, Any]) -> str:
    """Return the only fault of a set of that line."""
    folder = _folder(tmp_path, _line(row))
    with pytest.raises(InvalidQuestionSet) as caught:
        read_question_set(folder)
    (fault,) = str(caught.value).split("\n")[1:]
    return fault.removeprefix(f"  {folder / 'questions.jsonl'}:1: ").removesuffix(".")
