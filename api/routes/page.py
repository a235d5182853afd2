"""The page: the built dashboard at `/`; every address that is no file opens it, so deep links work."""

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

NOT_BUILT = """Ngã Tư runs, but its page has not been built yet.

Build it once:   make setup      (needs Node 20 or newer)
The API works:   /api/v1/site    described at /api/v1/openapi.json
"""


def page_router(dist: Path) -> APIRouter:
    """Routes that serve the built page.

    Args:
        dist: Folder with `index.html`. It may appear later.
    """
    router = APIRouter(include_in_schema=False)
    files = StaticFiles(directory=dist, check_dir=False)

    @router.get("/{path:path}")
    async def serve(path: str, request: Request) -> Response:
        if path == "api" or path.startswith("api/") or not path.isprintable():
            raise HTTPException(404)
        if not (dist / "index.html").is_file():
            return PlainTextResponse(NOT_BUILT, 503)
        if path:
            try:
                response = await files.get_response(path, request.scope)
            except HTTPException as error:
                # A missing file is an error; any other address is a view of the page.
                if error.status_code != 404 or "." in path.rpartition("/")[2]:
                    raise
            else:
                # The build puts a hash into the names of assets: they never change.
                fixed = path.startswith("assets/")
                response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fixed else "no-cache"
                return response
        response = await files.get_response("index.html", request.scope)
        response.headers["Cache-Control"] = "no-cache"
        return response

    return router
