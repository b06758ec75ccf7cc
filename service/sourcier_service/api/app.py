"""Services -> the ASGI application: routes, the Ask page, limits and headers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from sourcier_core import __version__
from sourcier_core.settings import Settings
from sourcier_service.access import OPERATOR
from sourcier_service.api import backup_routes, watch_routes
from sourcier_service.api import schemas as s
from sourcier_service.api.dependencies import ServicesDep
from sourcier_service.api.error_responses import error_response, install_error_responses
from sourcier_service.api.generation_routes import router as generations_router
from sourcier_service.api.routes import router
from sourcier_service.generation_work import GenerationWork
from sourcier_service.wiring import Services

UI = Path(__file__).parents[1] / "ui"
UPLOAD_OVERHEAD = 64 * 1024  # bytes of a multipart upload that are not the file
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
}


def create_app(
    services: Services, *, operator_token: str | None = None, generations: GenerationWork | None = None
) -> FastAPI:
    """Make the application.

    Args:
        services: Ready; closed by whoever opened them.
        generations: Builds and swaps them; default one that has nothing to judge them by.
        operator_token: Accepted as an administrator's key while this process lives.
    """
    work = generations or GenerationWork(services, None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.jobs.start()
        if services.watching is not None:
            services.watching.start()
        work.resume()
        yield
        await run_in_threadpool(work.stop)

    app = FastAPI(
        title="Sourcier",
        version=__version__,
        summary="Answers from long documents, each proved: page, printed label, quoted words, highlighted.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    app.state.operator_token = operator_token
    app.state.generations = work
    install_error_responses(app)
    app.include_router(router)
    app.include_router(backup_routes.router)
    app.include_router(watch_routes.router)
    app.include_router(generations_router)
    _add_health(app)
    _add_ask_page(app)
    _add_limits_and_headers(app, services)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", tags=["health"])
    def healthz() -> s.HealthBody:
        """Say that the process lives."""
        return s.HealthBody(status="ok")

    @app.get("/readyz", tags=["health"], responses={503: {"model": s.ErrorBody}})
    def readyz(services: ServicesDep) -> s.ReadyBody:
        """Say that questions can be answered now: the catalogue and the index reply."""
        catalogue = services.stores.catalogue
        names = [collection.name for collection in catalogue.collections()]
        chunks = services.stores.index.count(services.access.scope(OPERATOR))
        return s.ReadyBody(
            status="ready",
            documents=len(catalogue.documents(names)),
            chunks=chunks,
            warnings=services.watching.warnings() if services.watching else [],
        )


def _add_ask_page(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def ask_page() -> FileResponse:
        return FileResponse(UI / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/ui", StaticFiles(directory=UI), name="ui")


class _CountedBody:
    """Counts a request's bytes as they come: the length that the sender claims may be a lie, or absent."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        most = _most_bytes(self._settings, connection.get("path", ""))
        await RequestBodyLimitMiddleware(self._app, most)(connection, receive, send)


def _most_bytes(settings: Settings, path: str) -> int:
    uploading = path == "/v1/documents"
    return settings.reading.max_bytes + UPLOAD_OVERHEAD if uploading else settings.http.max_body_bytes


def _add_limits_and_headers(app: FastAPI, services: Services) -> None:
    app.add_middleware(_CountedBody, settings=services.settings)

    @app.middleware("http")
    async def _limits_and_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        request_id = uuid4().hex
        most = _most_bytes(services.settings, request.url.path)
        claimed = request.headers.get("content-length", "")
        if claimed.isdigit() and int(claimed) > most:
            message = f"The request has {int(claimed):,} bytes; the limit is {most:,}."
            response: Response = error_response(413, "request_too_large", message)
        else:
            response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["x-request-id"] = request_id
        return response
