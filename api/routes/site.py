"""The site: who this is, and what time it is here."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.answers import SiteAnswer
from api.deps import Here

router = APIRouter(tags=["site"])


@router.get("/site", summary="The site")
def read_site(here: Here) -> SiteAnswer:
    """Id and name of the site, its time zone, and the server's clock, which the page shows."""
    return SiteAnswer(
        id=here.site.id,
        name=here.site.name,
        timezone=here.site.timezone,
        version=here.version,
        now=datetime.now(UTC),
    )
