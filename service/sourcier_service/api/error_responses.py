"""Every error of the tree -> one shape and a status: the only place that knows both."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sourcier_core import errors as e
from sourcier_core.errors import SourcierError

logger = logging.getLogger("sourcier.api")

STATUSES: dict[type[SourcierError], int] = {
    e.UnsupportedDocument: 415,
    e.DocumentEmpty: 422,
    e.DocumentEncrypted: 422,
    e.DocumentBroken: 422,
    e.DocumentWithoutText: 422,
    e.DocumentTooLarge: 413,
    e.DocumentHasTooManyPages: 413,
    e.ReadingTimedOut: 422,
    e.ReadingOutOfMemory: 422,
    e.ReaderCrashed: 422,
    e.OcrFailed: 422,
    e.IndexUnavailable: 503,
    e.IndexLocked: 503,
    e.IndexMismatch: 503,
    e.CatalogueUnavailable: 503,
    e.ModelMissing: 503,
    e.ModelCorrupt: 503,
    e.ModelUnusable: 503,
    e.StorageFull: 507,
    e.ServerNotFound: 503,
    e.ServerUnreachable: 503,
    e.ServerRefused: 502,
    e.QuestionEmpty: 422,
    e.QuestionTooLong: 422,
    e.NotAuthenticated: 401,
    e.NotPermitted: 403,
    e.PathNotFound: 404,
    e.DocumentNotFound: 404,
    e.PageNotFound: 404,
    e.PassportNotFound: 404,
    e.CollectionNotFound: 404,
    e.JobNotFound: 404,
    e.InvalidGeneration: 422,
    e.GenerationNotFound: 404,
    e.NoFormerGeneration: 409,
    e.GenerationBusy: 409,
    e.GenerationNotReady: 409,
    e.GateNotPassed: 409,
    e.InvalidName: 422,
    e.VersionNotFound: 404,
    e.DocumentRemoved: 409,
    e.NoDocumentOfThatName: 404,
    e.DocumentAmbiguous: 409,
    e.InvalidPeriod: 422,
    e.InvalidSettings: 500,
    e.InvalidCalibration: 500,
    e.InvalidQuestionSet: 422,
    e.TooFewQuestions: 422,
    e.UnusableRun: 422,
    e.CatalogueTooNew: 503,
    e.BackupImpossible: 503,
    e.FolderUnreadable: 503,
    e.BackupBroken: 422,
    e.BackupTooNew: 422,
    e.HomeNotEmpty: 409,
    e.PathTaken: 409,
    e.WatchNotFound: 404,
}
RETRY_AFTER_SECONDS = "5"  # with a 503
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_error"}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


def install_error_responses(app: FastAPI) -> None:
    """Make every failure of the app answer in the one shape."""

    @app.exception_handler(SourcierError)
    def _known(_: Request, error: SourcierError) -> JSONResponse:
        status = STATUSES[type(error)]
        return error_response(status, error.code, str(error))

    @app.exception_handler(RequestValidationError)
    def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        unread = first["type"] == "json_invalid"  # then the place is a position in the body
        where = [] if unread else [str(part) for part in first["loc"] if part != "body"]
        param = ".".join(where) or None
        return error_response(422, "invalid_request", f"{param or 'The body'}: {first['msg']}.", param)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = _HTTP_CODES.get(error.status_code, "http_error")
        message = f"{error.detail} ({request.method} {request.url.path})."
        response = error_response(error.status_code, code, message)
        response.headers.update(error.headers or {})  # of a 405: what is allowed
        return response

    @app.exception_handler(Exception)
    def _unknown(_: Request, error: Exception) -> JSONResponse:
        logger.exception("unexpected error", exc_info=error)
        return error_response(
            500, "internal_error", "Something unexpected failed; the server's log says what."
        )


def error_response(status: int, code: str, message: str, param: str | None = None) -> JSONResponse:
    """Return the one shape."""
    kind = _TYPES.get(status, "request_error" if status < 500 else "server_error")
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    body = {"error": {"type": kind, "code": code, "message": message, "param": param}}
    return JSONResponse(body, status_code=status, headers=headers)
