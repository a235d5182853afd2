from models.detections import Label
from models.observation import Health
from tests.vision.story import Story, drives, play, stands
from vision.events import Incident
from vision.rules.intrusion import Intrusion
from vision.rules.line_crossing import LineCrossing

YARD = Intrusion(id="yard", zone="yard", after_s=0.5)


def dark_between(began: float, ended: float, why: Health = "camera_dark"):  # type: ignore[no-untyped-def]
    return lambda time_s: why if began <= time_s < ended else "valid"


def test_a_dark_picture_is_an_incident_and_ends_what_is_open_as_unknown() -> None:
    visitor = stands(Label.PERSON, 500, 500, 0.0, 20.0)
    events = play(Story([visitor], 20.0, health=dark_between(5.0, 10.0)), YARD)
    told = [(one.kind, one.status, one.outcome) for one in events if isinstance(one, Incident)]
    assert told == [
        ("intrusion", "began", None),
        ("intrusion", "ended", "unknown"),
        ("camera_dark", "began", None),
        ("camera_dark", "ended", None),
        ("intrusion", "began", None),
        ("intrusion", "ended", None),
    ]
    dark = [one for one in events if one.kind == "camera_dark" and isinstance(one, Incident)]
    assert dark[0].id == dark[1].id
    assert (dark[0].time_s, dark[1].ended_s) == (5.0, 10.0)


def test_nothing_is_counted_while_the_picture_cant_be_trusted() -> None:
    cars = [drives(Label.CAR, (t, 500, 200), (t + 3.0, 500, 900), box=(80, 60)) for t in (1.0, 6.0, 11.0)]
    count = LineCrossing(id="count", line="main")
    events = play(Story(cars, 16.0, health=dark_between(5.0, 10.0, "camera_moved")), count)
    assert len([event for event in events if event.family == "passage"]) == 2


def test_one_fault_follows_another() -> None:
    def why(time_s: float) -> Health:
        return "camera_dark" if 2 <= time_s < 4 else "camera_frozen" if 4 <= time_s < 6 else "valid"

    events = play(Story([], 8.0, health=why))
    assert [(one.kind, getattr(one, "status", "")) for one in events] == [
        ("camera_dark", "began"), ("camera_dark", "ended"), ("camera_frozen", "began"), ("camera_frozen", "ended"),
    ]  # fmt: skip


def test_what_is_open_at_the_end_is_ended() -> None:
    events = play(Story([], 4.0, health=dark_between(2.0, 9.0)))
    assert [getattr(one, "status", "") for one in events] == ["began", "ended"]
