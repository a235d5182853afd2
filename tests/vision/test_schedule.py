from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

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


NIGHTS = [{"from": "22:00", "to": "05:00"}]
NATIONAL_DAY = ["2026-09-02"]


@pytest.mark.parametrize(
    ("moment", "skip", "only"),
    [
        ("2026-09-01T23:00", True, False),
        ("2026-09-02T04:59", True, False),  # the night of the first runs on into the holiday
        ("2026-09-02T12:00", False, False),
        ("2026-09-02T22:00", False, True),
        ("2026-09-03T04:59", False, True),  # and that of the holiday into the third
        ("2026-09-03T05:00", False, False),
        ("2026-09-03T22:00", True, False),
    ],
)
def test_holidays_are_skipped_or_the_only_days(moment: str, skip: bool, only: bool) -> None:
    skipping = Schedule.model_validate({"hours": NIGHTS, "holidays": NATIONAL_DAY})
    alone = Schedule.model_validate({"hours": NIGHTS, "holidays": NATIONAL_DAY, "on_holidays": "only"})
    assert skipping.armed(local(moment), HERE) is skip
    assert alone.armed(local(moment), HERE) is only


def test_only_on_holidays_needs_holidays() -> None:
    with pytest.raises(ValidationError, match="`on_holidays: only` needs `holidays`"):
        Schedule.model_validate({"hours": NIGHTS, "on_holidays": "only"})


def test_a_holiday_of_a_site_file_is_a_date() -> None:
    tree = YAML(typ="safe", pure=True).load('{hours: [{from: "22:00", to: "05:00"}], holidays: [2026-09-02]}')
    assert Schedule.model_validate(tree).holidays == (date(2026, 9, 2),)


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        ("2026-03-28T20:00", 6),  # put forward at 2:00
        ("2026-10-24T20:00", 8),  # put back at 3:00
        ("2026-11-24T20:00", 7),
    ],
)
def test_hours_follow_the_clock_when_it_is_put_forward_or_back(evening: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = Schedule.model_validate({"hours": NIGHTS})
    began = datetime.fromisoformat(evening).replace(tzinfo=berlin).astimezone(UTC)
    minutes = [began + timedelta(minutes=minute) for minute in range(12 * 60)]
    armed = [minute for minute in minutes if night.armed(minute, berlin)]
    assert len(armed) == hours * 60
    assert armed[-1] - armed[0] == timedelta(minutes=hours * 60 - 1), "in one piece"
