"""Backups over HTTP: the caller gets the bytes, and writes them where it may. No path is taken from it."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from sourcier_core.backup import backup_blocks
from sourcier_service.api import schemas as s
from sourcier_service.api.dependencies import PrincipalDep, ServicesDep

router = APIRouter(
    prefix="/v1", responses={status: {"model": s.ErrorBody} for status in (401, 403, 422, 503)}
)


class BackupRequest(BaseModel):
    """What to save."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"include_model": False}]})

    include_model: bool = False


@router.post(
    "/backups",
    tags=["administration"],
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {}}, "description": "The backup file, as it is made."},
        413: {"model": s.ErrorBody},
        507: {"model": s.ErrorBody},
    },
)
def make_backup(body: BackupRequest, services: ServicesDep, principal: PrincipalDep) -> StreamingResponse:
    """Save all data as of now. What breaks off is told by its last bytes: check it. Needs an admin key."""
    services.access.require_admin(principal, "make backups")
    _, blocks = backup_blocks(services.stores, services.settings, include_model=body.include_model)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="sourcier-backup.zip"',
    }
    return StreamingResponse(blocks, media_type="application/zip", headers=headers)
