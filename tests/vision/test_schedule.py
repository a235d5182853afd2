from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from vision.schedule import Schedule

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


def local(text: str) -> datetime:
    """A moment of the site's clock; 2026-11-24 is a Tuesday."""
    return datetime.fromisoformat(text).replace(tzinfo=HERE).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "armed"),
    [
        ("2026-11-24T21:59:59", False),
        ("2026-11-24T22:00:00", True),
        ("2026-11-25T04:59:59", True),
        ("2026-11-25T05:00:00", False),
        ("2026-11-24T04:00:00", False),  # Monday night was not meant: the hours begin on Tuesday
    ],
)
def test_hours_run_past_midnight(moment: str, armed: bool) -> None:
    night = Schedule.model_validate({"hours": [{"days": ["tue"], "from": "22:00", "to": "05:00"}]})
    assert night.armed(local(moment), HERE) is armed


def test_several_hours_and_the_clock_of_the_site() -> None:
    rush = Schedule.model_validate({"hours": [{"from": "06:00", "to": "08:30"}, {"from": "16:30", "to": "18:30"}]})
    assert rush.armed(local("2026-11-24T07:00"), HERE)
    assert rush.armed(local("2026-11-24T17:00"), HERE)
    assert not rush.armed(local("2026-11-24T12:00"), HERE)
    assert not rush.armed(local("2026-11-24T07:00"), ZoneInfo("UTC"))


def test_the_same_hour_twice_is_the_whole_day() -> None:
    day = Schedule.model_validate({"hours": [{"days": ["tue"], "from": "00:00", "to": "00:00"}]})
    assert day.armed(local("2026-11-24T00:00"), HERE)
    assert day.armed(local("2026-11-24T23:59"), HERE)
    assert not day.armed(local("2026-11-25T00:00"), HERE)
