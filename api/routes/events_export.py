"""Export of events: a family's table, for spreadsheets and notebooks."""

from datetime import datetime
from itertools import chain
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field, field_validator

from api.deps import Here
from api.errors import FormatMissing, ProblemError
from api.export import COLUMNS, Family, Selection, rows_of, stored_events
from api.problems import FORMAT_MISSING, INVALID_REQUEST, STORE_UNAVAILABLE, documented
from api.routes.event_choice import Interval, Word
from api.table import FORMATS, Format

router = APIRouter(prefix="/events", tags=["events"])


class ExportQuery(Interval):
    """Which table, and in which format."""

    family: Family = Field(default="measurement", description="Family of the events: each has columns of its own.")
    format: Format = Field(default="csv", description="`xlsx` goes on with another sheet where one is full.")
    camera: list[Word] = Field(default=[], max_length=100, description="Ids of cameras.", examples=[["cau-vuot-1"]])
    kind: list[Word] = Field(default=[], max_length=100, description="Kinds of events.", examples=[["line_flow"]])
    interval: int | None = Field(
        default=None, ge=1, description="Measurements of intervals so long only, seconds.", examples=[900]
    )
    timezone: str | None = Field(
        default=None,
        max_length=100,
        description="Time zone in which moments are written; the site's if not given.",
        examples=["Asia/Ho_Chi_Minh"],
    )

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        try:
            ZoneInfo("UTC" if name is None else name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone; write it such as Asia/Ho_Chi_Minh") from None
        return name

    def selection(self) -> Selection:
        """The same as the export has it."""
        return Selection(self.family, tuple(self.camera), tuple(self.kind), self.interval, self.since, self.until)


@router.get(
    "/export",
    summary="Events as a table",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The table. CSV and Parquet come while they are written, XLSX when it is whole. "
            "An answer that breaks off is not whole.",
            "content": {one.media_type: {"schema": {"type": "string", "format": "binary"}} for one in FORMATS.values()},
        },
        **documented(INVALID_REQUEST, STORE_UNAVAILABLE, FORMAT_MISSING),
    },
)
def export_events(query: Annotated[ExportQuery, Query()], here: Here) -> StreamingResponse:
    """Events of a family, oldest first, as `ngatu export` writes them; measurements have a row for each figure."""
    zone = ZoneInfo(query.timezone or here.site.timezone)
    rows = rows_of(query.family, stored_events(query.selection(), here.store), zone)
    chosen = FORMATS[query.format]
    pieces = chosen.pieces(COLUMNS[query.family], rows)
    try:
        first = next(pieces)  # what can't begin is a problem yet, and no table that breaks off
    except FormatMissing as error:
        raise ProblemError(501, "format-missing", FORMAT_MISSING.title, str(error)) from None
    name = f"{here.site.id}-{query.family}-{datetime.now(zone):%Y%m%d-%H%M%S}.{query.format}"
    return StreamingResponse(
        chain([first], pieces),
        media_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
