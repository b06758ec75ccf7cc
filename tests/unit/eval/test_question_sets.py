import json
from pathlib import Path
from typing import Any

import pytest

from sourcier_core.errors import InvalidQuestionSet
from sourcier_eval.question_sets import Evidence, Question, read_question_set

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
    retrieval_only = ROW | {"id": "q-3", "answer": "", "difficulty": 3, "meta": {"kind": 7}}

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


def test_documents_that_are_named_but_not_there_are_told(tmp_path: Path) -> None:
    evidence = [{"doc": name, "page": 1} for name in ("there.pdf", "sub/there.pdf", "gone.pdf")]
    folder = _folder(tmp_path, _line(ROW | {"evidence": evidence}))
    (folder / "docs" / "sub").mkdir()
    for name in ("there.pdf", "sub/there.pdf"):
        (folder / "docs" / name).touch()

    assert read_question_set(folder).missing_documents == ("gone.pdf",)


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
    ],
)
def test_a_line_that_is_no_object_is_refused_by_file_line_and_cause(
    tmp_path: Path, line: bytes, cause: str
) -> None:
    folder = _folder(tmp_path, _line(UNANSWERABLE), b"", line)

    with pytest.raises(InvalidQuestionSet) as caught:
        read_question_set(folder)

    where = str(folder / "questions.jsonl")
    assert str(caught.value) == f"The question set {where!r} line 3 cannot be run: {cause}."


@pytest.mark.parametrize("key", ["id", "question", "answer", "answerable", "evidence"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    row = {name: value for name, value in ROW.items() if name != key}

    assert _refusal(tmp_path, row) == f"{key} is missing"


@pytest.mark.parametrize("key", ["doc", "page"])
def test_a_missing_key_of_evidence_is_named(tmp_path: Path, key: str) -> None:
    evidence = {name: value for name, value in ROW["evidence"][0].items() if name != key}

    assert _refusal(tmp_path, ROW | {"evidence": [evidence]}) == f"{key} is missing"


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
        ({"evidence": ["a.pdf"]}, "a piece of evidence is not an object"),
        ({"evidence": [{"doc": "a.pdf", "page": 0}]}, "a page of evidence is 0; pages count from 1"),
        ({"evidence": [{"doc": "a.pdf", "page": "3"}]}, "page is not a number"),
        ({"evidence": [{"doc": "a.pdf", "page": True}]}, "page is not a number"),
        ({"evidence": [{"doc": "", "page": 1}]}, "doc is empty"),
        ({"meta": []}, "meta is not an object"),
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

    with pytest.raises(
        InvalidQuestionSet, match="line 3 cannot be run: the id 'q-1' stands on line 1 already"
    ):
        read_question_set(folder)


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _folder(folder: Path, *lines: bytes) -> Path:
    (folder / "docs").mkdir(parents=True)
    (folder / "questions.jsonl").write_bytes(b"\n".join(lines))
    return folder


def _refusal(tmp_path: Path, row: dict[str, Any]) -> str:
    with pytest.raises(InvalidQuestionSet) as caught:
        read_question_set(_folder(tmp_path, _line(row)))
    return str(caught.value).split(" cannot be run: ")[1].removesuffix(".")
