import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.types import AnswerStatus
from sourcier_eval.rows import Row, RowCitation, RowPassage

ROW = Row(
    id="q-1",
    question="Quel est le plafond ?",
    lang="fr",
    answerable=True,
    status=AnswerStatus.PARTIAL,
    answer="1 577 €",
    passages=(RowPassage("a.pdf", 3, 0.9), RowPassage("b.md", None, 0.5)),
    citations=(RowCitation("a.pdf", 3, "1 577 €", True),),
    latency_ms=12.5,
    confidence=0.75,
)
PAGES = st.one_of(st.none(), st.integers(1))
ROWS = st.builds(
    Row,
    status=st.sampled_from(AnswerStatus),
    passages=st.lists(st.builds(RowPassage, page=PAGES, score=st.floats(-1, 1))).map(tuple),
    citations=st.lists(st.builds(RowCitation, page=PAGES)).map(tuple),
    latency_ms=st.floats(0, 1e6),
    confidence=st.one_of(st.none(), st.floats(0, 1)),
)


def test_json_has_the_documented_keys_in_their_order() -> None:
    assert json.dumps(ROW.to_json(), ensure_ascii=False) == (
        '{"id": "q-1", "question": "Quel est le plafond ?", "lang": "fr", "answerable": true, '
        '"status": "partial", "answer": "1 577 €", '
        '"passages": [{"doc": "a.pdf", "page": 3, "score": 0.9}, '
        '{"doc": "b.md", "page": null, "score": 0.5}], '
        '"citations": [{"doc": "a.pdf", "page": 3, "quote": "1 577 €", "verified": true}], '
        '"latency_ms": 12.5, "confidence": 0.75, "reason": null}'
    )


@given(ROWS)
def test_a_row_survives_the_way_through_a_file(row: Row) -> None:
    assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row


def test_a_row_of_before_confidence_was_kept_is_read() -> None:
    old = {key: value for key, value in ROW.to_json().items() if key not in ("confidence", "reason")}

    row = Row.from_json(old)

    assert (row.confidence, row.reason) == (None, None)


def test_only_no_answer_is_an_abstention() -> None:
    abstained = {
        status: Row.from_json(ROW.to_json() | {"status": status}).abstained for status in AnswerStatus
    }

    assert abstained == {
        AnswerStatus.ANSWERED: False,
        AnswerStatus.PARTIAL: False,
        AnswerStatus.NO_ANSWER: True,
    }


def test_locations_name_document_and_page() -> None:
    assert [passage.location for passage in ROW.passages] == [("a.pdf", 3), ("b.md", None)]
    assert ROW.citations[0].location == ("a.pdf", 3)


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        Row.from_json(ROW.to_json() | {"status": "perhaps"})
