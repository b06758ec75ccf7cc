"""Followed folders over HTTP: how they are, and a scan on request. The settings alone say which."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sourcier_core.errors import WatchNotFound
from sourcier_ingestion.folder_watching import WatchStatus
from sourcier_service.api import schemas as s
from sourcier_service.api.dependencies import PrincipalDep, ServicesDep
from sourcier_service.wiring import Services

router = APIRouter(
    prefix="/v1",
    tags=["administration"],
    responses={status: {"model": s.ErrorBody} for status in (401, 403, 422, 503)},
)


class WatchBody(BaseModel):
    """A folder that is or was followed."""

    id: str
    path: str
    collection: str
    state: Literal["new", "ok", "missing", "guarded", "failed"]
    message: str | None
    followed: bool = Field(description="by this server; else it was, or by a command")
    scanning: bool
    notified: bool = Field(description="whether the platform tells of changes beside the schedule")
    interval_seconds: float | None
    scanned_at: datetime | None
    files: dict[str, int] = Field(description="known files by state")
    last_scan: dict[str, Any] = Field(description="counts of what the last scan did, and its problems")


class WatchesBody(BaseModel):
    """The followed folders."""

    watches: list[WatchBody]


class ScanRequest(BaseModel):
    """How to scan."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"force": False}]})

    force: bool = Field(default=False, description="believe that any number of files is gone")


@router.get("/watches")
def list_watches(services: ServicesDep, principal: PrincipalDep) -> WatchesBody:
    """List the followed folders and what their last scans found. Needs an admin key."""
    services.access.require_admin(principal, "see followed folders")
    statuses = services.watching.statuses() if services.watching else []
    return WatchesBody(watches=[_present(status) for status in statuses])


@router.post(
    "/watches/{watch}/scans",
    status_code=202,
    responses={status: {"model": s.ErrorBody} for status in (404, 413, 422)},
)
def scan_watch(watch: str, body: ScanRequest, services: ServicesDep, principal: PrincipalDep) -> WatchBody:
    """Scan a followed folder now, in the background. Needs an admin key."""
    services.access.require_admin(principal, "scan followed folders")
    return _present(_watching(services, watch, force=body.force))


def _watching(services: Services, watch: str, *, force: bool) -> WatchStatus:
    if services.watching is None:
        raise WatchNotFound(watch)
    return services.watching.scan_now(watch, force=force)


def _present(status: WatchStatus) -> WatchBody:
    watch = status.watch
    return WatchBody(
        id=watch.id,
        path=str(watch.path),
        collection=watch.collection,
        state=watch.state.value,
        message=watch.message,
        followed=status.followed,
        scanning=status.scanning,
        notified=status.notified,
        interval_seconds=status.interval_seconds,
        scanned_at=watch.scanned_at,
        files=status.files,
        last_scan=dict(watch.report),
    )
