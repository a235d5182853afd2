"""Demo: what `ngatu demo` watches."""

import os
from typing import Any

from api.settings import Settings, read_settings
from api.sources import is_clip, source_of
from streams.sources.synthetic import SyntheticSource
from vision.site import Site, parse_site

_WAYS = {"left": "away", "right": "towards"}
_STREET_RULES = [
    {"kind": "line_crossing", "id": "count", "line": "road"},
    {"kind": "intrusion", "id": "yard", "zone": "yard", "labels": ["person"]},
    {"kind": "loitering", "id": "yard-loitering", "zone": "yard", "after_s": 15},
]


def demo_site(source: str | None) -> Site:
    """A synthetic street seen by two cameras; or a clip or stream, looked at by the real detector.

    Raises:
        SiteError: The source is of no kind that we know.
    """
    if source is None:
        cameras = [_street("cho-noi", "Đường ven chợ nổi", 1), _street("cau-quay", "Đường ra cầu Quay", 2)]
    else:
        chosen = source_of(source)
        if is_clip(chosen):
            chosen = chosen.model_copy(update={"pace": "real", "loop": True})
        across = {"from": [0.02, 0.6], "to": [0.98, 0.6], "names": _WAYS, "name": "Vạch đếm"}
        cameras = [
            {
                "id": "demo",
                "name": "Demo",
                "source": chosen,
                "lines": {"across": across},
                "rules": [{"kind": "line_crossing", "id": "count", "line": "across"}],
            }
        ]
    return parse_site({"version": 1, "site": {"id": "demo", "name": "Ngã Tư – demo"}, "cameras": cameras})


def demo_settings(port: int | None) -> Settings:
    """Settings of a demo: its events have a database of their own, so that they never mix with real ones.

    Raises:
        ApiError: The environment holds some that make no sense.
    """
    given: dict[str, Any] = {} if port is None else {"port": port}
    if "NGATU_DATABASE" not in os.environ:
        given["database"] = "var/demo.db"
    return read_settings(**given)


def _street(name: str, title: str, seed: int) -> dict[str, Any]:
    start, end = SyntheticSource.LINE
    return {
        "id": name,
        "name": title,
        "source": {"kind": "synthetic", "seed": seed},
        "detector": {"kind": "simulated"},
        "lines": {"road": {"from": start, "to": end, "names": _WAYS, "name": "Lòng đường"}},
        "zones": {"yard": {"polygon": SyntheticSource.YARD, "name": "Sân kho"}},
        "rules": _STREET_RULES,
    }
