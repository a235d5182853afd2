"""Problems: the one shape of every error answer, application/problem+json (RFC 9457)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.errors import ProblemError, StoreError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Where, such as `query.limit`.", examples=["query.limit"])
    message: str = Field(description="What is wrong.", examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Which problem: `urn:ngatu:<name>`, or `about:blank` where the status says it all.")
    title: str = Field(description="What is wrong, the same for every problem of the type.")
    status: int = Field(description="HTTP status code.")
    detail: str = Field(description="What is wrong this time, and what to do.")
    errors: list[Fault] | None = Field(default=None, description="Each fault of a request that is not valid.")


UNKNOWN_CAMERA = Problem(
    type="urn:ngatu:unknown-camera",
    title="There is no such camera",
    status=404,
    detail="no camera 'cho-noi'; there are: cau-vuot-1, nga-tu-2",
)
UNKNOWN_SIGNAL = Problem(
    type="urn:ngatu:unknown-signal",
    title="There is no such signal",
    status=404,
    detail="no signal 'far' of camera 'cau-vuot-1'; there are: near",
)
SEEN_SIGNAL = Problem(
    type="urn:ngatu:seen-signal",
    title="The signal is read from the picture",
    status=409,
    detail="signal 'near' of camera 'cau-vuot-1' is of kind lamp; only those of kind feed can be told their state",
)
LATE_NEWS = Problem(
    type="urn:ngatu:late-news",
    title="A later state is known already",
    status=409,
    detail="signal 'near' of camera 'cau-vuot-1' is yellow since 2026-11-24T07:05:09.120Z, after this",
)
UNKNOWN_EVENT = Problem(
    type="urn:ngatu:unknown-event",
    title="There is no such event",
    status=404,
    detail="no event '01a20be8ac27ac5a81a7c5d9b8b601c6'; it never was, or its time to be kept is over",
)
NO_CLIP = Problem(
    type="urn:ngatu:no-clip",
    title="Nothing is recorded of the event",
    status=404,
    detail="no clip of event '01a20be8ac27ac5a81a7c5d9b8b601c6': nothing of camera 'cau-vuot-1' was recorded then, or "
    "it is kept no longer; a camera is recorded where the site file gives it a `record:` block",
)
CLIP_NOT_READY = Problem(
    type="urn:ngatu:clip-not-ready",
    title="The end of the clip is not recorded yet",
    status=404,
    detail="the end of the clip of event '01a20be8ac27ac5a81a7c5d9b8b601c6' is recorded at 2026-11-24T07:15:52.520Z; "
    "ask again in 12 s",
)
CLIP_FAILED = Problem(
    type="urn:ngatu:clip-failed",
    title="The clip can't be written",
    status=503,
    detail="the clip can't be written: No space left on device",
)
UNKNOWN_SINK = Problem(
    type="urn:ngatu:unknown-sink",
    title="There is no such sink",
    status=404,
    detail="no sink 'ioc2'; there are: ioc, log",
)
NO_PICTURE = Problem(
    type="urn:ngatu:no-picture",
    title="The camera has given no picture yet",
    status=503,
    detail="no picture of 'cau-vuot-1' yet: the camera does not answer (10.0.0.11:554)",
)
STORE_UNAVAILABLE = Problem(
    type="urn:ngatu:store-unavailable",
    title="The database can't be read",
    status=503,
    detail="the database can't be read: disk I/O error",
)
FORMAT_MISSING = Problem(
    type="urn:ngatu:format-missing",
    title="The format is not installed",
    status=501,
    detail="Parquet needs the extra `parquet`: .venv/bin/python -m pip install -e '.[parquet]'; or take CSV",
)
INVALID_REQUEST = Problem(
    type="urn:ngatu:invalid-request",
    title="The request is not valid",
    status=422,
    detail="query.limit: Input should be less than or equal to 500",
    errors=[Fault(field="query.limit", message="Input should be less than or equal to 500")],
)
CRASH = Problem(
    type="about:blank",
    title="Internal Server Error",
    status=500,
    detail="this is a fault of ours; the server's log says more",
)
FOREIGN_HOST = Problem(
    type="urn:ngatu:foreign-host",
    title="The request names a host that we are not",
    status=400,
    detail="host 'example.org' is not ours; name it in NGATU_ALLOWED_HOSTS if it should be",
)


FOREIGN_ORIGIN = Problem(
    type="urn:ngatu:foreign-origin",
    title="The request comes from a page that is not ours",
    status=403,
    detail="origin 'https://example.org' is not that of '127.0.0.1:8200'",
)


def documented(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may end with these problems, for OpenAPI."""
    answers: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        name = problem.type.rpartition(":")[2]
        answer = answers.setdefault(
            problem.status,
            {
                "description": problem.title,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        answer["content"][MEDIA_TYPE]["examples"][name] = {"value": problem.model_dump(exclude_none=True)}
    return answers


def answer(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    title: str | None = None,
    errors: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as the answer to a request."""
    problem = Problem(
        type=f"urn:ngatu:{kind}" if kind else "about:blank",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=errors,
    )
    return JSONResponse(problem.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes every error of an app a problem."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _crash)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(error.status, error.detail, kind=error.kind, title=error.title, headers=error.headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path, method = request.url.path, request.method
    words = {
        404: f"there is nothing at {path}; the API is described at /api/v1/openapi.json",
        405: f"{method} is not possible at {path}",
    }
    return answer(error.status_code, words.get(error.status_code, str(error.detail)), headers=error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Not the input itself: an answer must not repeat what may be a secret.
    faults = [
        Fault(field=".".join(str(step) for step in fault["loc"]), message=_message(fault)) for fault in error.errors()
    ]
    return invalid(faults)


def invalid(faults: list[Fault]) -> Response:
    """The answer to a request with faults."""
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    return answer(422, detail, kind="invalid-request", title=INVALID_REQUEST.title, errors=faults)


async def _store(_: Request, error: Exception) -> Response:
    return answer(
        503,
        str(error),
        kind="store-unavailable",
        title=STORE_UNAVAILABLE.title,
        headers={"Retry-After": "5"},
    )


async def _crash(request: Request, error: Exception) -> Response:
    # The trace goes to the log and never to the caller; starlette raises the error again after this answer.
    logger.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return answer(CRASH.status, CRASH.detail)


def _message(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "extra_forbidden":
        return "there is no such parameter"
    return str(fault["msg"])
