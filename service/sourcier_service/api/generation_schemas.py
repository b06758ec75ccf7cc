"""What goes over the wire about generations, and the domain types that it is made of."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sourcier_core.generation_store import AuditEntry, Generation
from sourcier_core.recipe import Difference
from sourcier_service.generation_work import seconds_left


class ModelChoice(BaseModel):
    """What to embed with; what is left out is as the server's settings say."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    precision: Literal["fp32", "int8"] | None = None
    pivot: bool | None = None


class ChunkingChoice(BaseModel):
    """How to cut pages; what is left out is as the server's settings say."""

    model_config = ConfigDict(extra="forbid")

    tokens: Annotated[int | None, Field(ge=32)] = None
    context_tokens: Annotated[int | None, Field(ge=0)] = None


class PromotionRequest(BaseModel):
    """How a generation is judged, and who answers for it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"unchecked": True, "reason": "no golden questions yet"}]},
    )

    unchecked: Annotated[bool, Field(description="go live without golden questions; needs a reason")] = False
    reason: Annotated[str, Field(max_length=2000, description="for the audit")] = ""
    sets: Annotated[
        list[str],
        Field(description="question sets on the server's machine; from its own command line only"),
    ] = []


class GenerationRequest(PromotionRequest):
    """What a generation is to be made with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"chunking": {"tokens": 120}}]})

    embedding: ModelChoice = ModelChoice()
    chunking: ChunkingChoice = ChunkingChoice()
    promote: Annotated[bool, Field(description="go live once it passes; else it waits")] = True
    again: Annotated[bool, Field(description="also where the live one is made with the same")] = False


class MadeWithBody(BaseModel):
    """What an index is made with."""

    reader: str
    chunker: str
    tokens: int
    context_tokens: int
    analyser: str
    pivot: str | None
    model: str
    precision: str


class FailedDocumentBody(BaseModel):
    """A document that could not be indexed again."""

    document: str
    reason: str


class BuildBody(BaseModel):
    """How far building is, at the end what it cost."""

    documents_done: int
    documents_total: int
    pages_done: int
    pages_total: int
    chunks: int
    vectors_reused: int
    vectors_made: int
    seconds: float
    seconds_left: float | None
    failed: list[FailedDocumentBody]


class GateMetricBody(BaseModel):
    """A metric on both generations."""

    set: str
    group: str
    name: str
    questions: int
    live: float | None
    candidate: float | None
    floor: float
    passed: bool


class GateBody(BaseModel):
    """How a generation was judged."""

    passed: bool
    questions: int
    sets: list[str]
    metrics: list[GateMetricBody]
    warnings: list[str]
    calibration: str
    seconds: float


class GenerationBody(BaseModel):
    """One index of all documents."""

    id: int
    state: str
    fingerprint: str
    made_with: MadeWithBody | None
    created_at: datetime
    promoted_at: datetime | None
    retired_at: datetime | None
    asked_by: str | None
    reason: str
    build: BuildBody | None
    gate: GateBody | None
    error_code: str | None
    error: str | None


class DifferenceBody(BaseModel):
    """A setting that the live generation was not made with."""

    name: str
    live: str
    wanted: str


class AuditBody(BaseModel):
    """What an administrator did."""

    at: datetime
    who: str
    action: str
    subject: str
    reason: str


class GenerationsBody(BaseModel):
    """All generations, the newest first."""

    generations: list[GenerationBody]
    differences: list[DifferenceBody]
    audit: list[AuditBody]


class PrunedBody(BaseModel):
    """Generations that were removed."""

    removed: list[int]


def present_generation(generation: Generation) -> GenerationBody:
    """Return a generation's body."""
    recipe = generation.recipe
    made_with = None
    if recipe is not None:
        made_with = MadeWithBody(
            reader=recipe.reader,
            chunker=recipe.chunker,
            tokens=recipe.tokens,
            context_tokens=recipe.context_tokens,
            analyser=recipe.analyser,
            pivot=recipe.pivot,
            model=recipe.model,
            precision=recipe.precision,
        )
    return GenerationBody(
        id=generation.id,
        state=generation.state.value,
        fingerprint=generation.fingerprint,
        made_with=made_with,
        created_at=generation.created_at,
        promoted_at=generation.promoted_at,
        retired_at=generation.retired_at,
        asked_by=generation.request.get("who"),
        reason=generation.request.get("reason", ""),
        build=_build(dict(generation.progress)) if generation.progress else None,
        gate=GateBody.model_validate(generation.report) if generation.report else None,
        error_code=generation.error_code,
        error=generation.error,
    )


def present_difference(difference: Difference) -> DifferenceBody:
    """Return a difference's body."""
    return DifferenceBody(name=difference.name, live=difference.live, wanted=difference.wanted)


def present_audit(entry: AuditEntry) -> AuditBody:
    """Return an audit entry's body."""
    return AuditBody(
        at=entry.at, who=entry.who, action=entry.action, subject=entry.subject, reason=entry.reason
    )


def _build(progress: dict[str, Any]) -> BuildBody:
    failed = [FailedDocumentBody(document=name, reason=why) for name, why in progress.pop("failed", [])]
    return BuildBody(failed=failed, seconds_left=seconds_left(progress), **progress)
