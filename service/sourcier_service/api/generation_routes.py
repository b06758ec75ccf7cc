"""The routes under /v1/generations: build, judge, promote, roll back and remove indexes."""

from typing import Any

from fastapi import APIRouter

from sourcier_core.errors import InvalidGeneration, InvalidSettings, NotPermitted
from sourcier_core.settings import Settings
from sourcier_service.access import OPERATOR, Principal
from sourcier_service.api import generation_schemas as g
from sourcier_service.api import schemas as s
from sourcier_service.api.dependencies import GenerationsDep, PrincipalDep, ServicesDep
from sourcier_service.generation_work import ReindexRequest
from sourcier_service.wiring import Services

ACTION = "change generations"
Errors = dict[int | str, dict[str, Any]]


def _errors(*statuses: int) -> Errors:
    return {status: {"model": s.ErrorBody} for status in statuses}


router = APIRouter(prefix="/v1/generations", tags=["generations"], responses=_errors(401, 403, 422, 503))


@router.get("")
def list_generations(
    services: ServicesDep, principal: PrincipalDep, work: GenerationsDep
) -> g.GenerationsBody:
    """List the indexes, the newest first, with what the settings say otherwise. Needs an admin key."""
    services.access.require_admin(principal, "see generations")
    return g.GenerationsBody(
        generations=[g.present_generation(row) for row in work.all()],
        differences=[g.present_difference(difference) for difference in work.differences()],
        audit=[g.present_audit(entry) for entry in work.audited()],
    )


@router.post("", status_code=202, responses=_errors(409, 507))
def reindex(
    body: g.GenerationRequest, services: ServicesDep, principal: PrincipalDep, work: GenerationsDep
) -> g.GenerationBody:
    """Build an index beside the live one in the background; it goes live if it passes. Needs an admin key."""
    request = _request(services, principal, body, promote=body.promote)
    try:
        settings = chosen_settings(services.settings, body)
        return g.present_generation(work.start(settings, request, again=body.again))
    except InvalidSettings as error:
        raise InvalidGeneration(str(error)) from error


@router.post("/rollback", responses=_errors(409))
def rollback(
    body: g.PromotionRequest, services: ServicesDep, principal: PrincipalDep, work: GenerationsDep
) -> g.GenerationBody:
    """Go back to the index that was live before; documents answer as they are now. Needs an admin key."""
    request = _request(services, principal, body)
    return g.present_generation(work.rollback(request))


@router.post("/prune")
def prune(services: ServicesDep, principal: PrincipalDep, work: GenerationsDep) -> g.PrunedBody:
    """Remove former indexes beyond those that the settings keep. Needs an admin key."""
    services.access.require_admin(principal, ACTION)
    return g.PrunedBody(removed=work.prune())


@router.get("/{generation}", responses=_errors(404))
def get_generation(
    generation: int, services: ServicesDep, principal: PrincipalDep, work: GenerationsDep
) -> g.GenerationBody:
    """Follow an index that is being built, or see how it was judged. Needs an admin key."""
    services.access.require_admin(principal, "see generations")
    return g.present_generation(work.get(generation))


@router.post("/{generation}/promote", status_code=202, responses=_errors(404, 409))
def promote(
    generation: int,
    body: g.PromotionRequest,
    services: ServicesDep,
    principal: PrincipalDep,
    work: GenerationsDep,
) -> g.GenerationBody:
    """Judge an index that waits, and make it live, in the background. Needs an admin key."""
    request = _request(services, principal, body)
    return g.present_generation(work.promote(generation, request))


@router.delete("/{generation}", responses=_errors(404, 409))
def remove_generation(
    generation: int, services: ServicesDep, principal: PrincipalDep, work: GenerationsDep
) -> g.GenerationBody:
    """Cancel an index that is being built, or remove one that is not live. Needs an admin key."""
    services.access.require_admin(principal, ACTION)
    return g.present_generation(work.remove(generation))


def chosen_settings(settings: Settings, body: g.GenerationRequest) -> Settings:
    """Return the settings with what a request says in the place of theirs."""
    embedding = settings.embedding.model_copy(update=body.embedding.model_dump(exclude_none=True))
    chunking = settings.chunking.model_copy(update=body.chunking.model_dump(exclude_none=True))
    return settings.model_copy(update={"embedding": embedding, "chunking": chunking})


def _request(
    services: Services, principal: Principal, body: g.PromotionRequest, *, promote: bool = True
) -> ReindexRequest:
    services.access.require_admin(principal, ACTION)
    if (
        body.sets and principal != OPERATOR
    ):  # they are paths: this machine's files are not for whoever has a key
        raise NotPermitted("name question sets on the server's machine; its settings do")
    return ReindexRequest(
        who=principal.subject,
        reason=body.reason,
        unchecked=body.unchecked,
        promote=promote,
        sets=tuple(body.sets),
    )
