from inspect import getmembers, isclass

import pytest
from pydantic import BaseModel, ValidationError

from sourcier_core.types import AnswerMode, AnswerStatus, DocumentStatus, JobState
from sourcier_service.api import schemas

MODELS = [
    model
    for _, model in getmembers(schemas, isclass)
    if issubclass(model, BaseModel) and model is not BaseModel
]
REQUESTS = [model for model in MODELS if model.__name__.endswith("Request")]
REPLIES = [model for model in MODELS if model not in REQUESTS]


@pytest.mark.parametrize("model", REPLIES, ids=lambda model: model.__name__)
def test_a_replys_fields_are_always_there(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.is_required()] == []


@pytest.mark.parametrize("model", REQUESTS, ids=lambda model: model.__name__)
def test_a_request_has_a_valid_example_and_refuses_what_it_does_not_know(model: type[BaseModel]) -> None:
    (example,) = model.model_json_schema()["examples"]

    model.model_validate(example)
    with pytest.raises(ValidationError, match="unknown"):
        model.model_validate({**example, "unknown": 1})


@pytest.mark.parametrize(
    ("model", "field", "values"),
    [
        ("AnswerBody", "status", AnswerStatus),
        ("AnswerBody", "mode", AnswerMode),
        ("DocumentBody", "status", DocumentStatus),
        ("JobBody", "state", JobState),
    ],
)
def test_the_words_of_the_wire_are_those_of_the_types(
    model: str, field: str, values: type[AnswerStatus | AnswerMode | DocumentStatus | JobState]
) -> None:
    schema = getattr(schemas, model).model_json_schema()

    assert schema["properties"][field]["enum"] == [value.value for value in values]
