from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import SIZE, RoadUser, Story, drives, views
from vision.movements import Movements
from vision.origins import Crossed, Origins
from vision.scene import Line, Scene
from vision.tracks import Join

LINES = {
    "north": Line.model_validate({"from": [0.2, 0.2], "to": [0.8, 0.2]}),
    "middle": Line.model_validate({"from": [0.2, 0.4], "to": [0.8, 0.4]}),
    "east": Line.model_validate({"from": [0.8, 0.25], "to": [0.8, 0.8]}),
    "south": Line.model_validate({"from": [0.2, 0.8], "to": [0.8, 0.8]}),
}
JUNCTION = Scene(camera="cam", lines={name: LINES[name] for name in ("north", "east", "south")})
OUT: Crossed = ("south", "right")


def origin(*places: tuple[float, float], came: tuple[str, ...] = ("north",), crossed: int = 2) -> str | None:
    """From where somebody came who was seen at some places, 0.2 s apart, and leaves over `south`."""
    origins = Origins(LINES)
    for line in came:
        origins.learn(line, OUT)
    for _ in range(crossed):
        origins.count(OUT)
    for number, (x, y) in enumerate(places):
        origins.follow(view(0.2 * number, row(8, Label.CAR, x, y)))
    return origins.of(row(8, Label.CAR, *places[-1]), OUT, SIZE)


def test_the_line_straight_behind_is_where_somebody_came_from() -> None:
    assert origin((500, 500), (500, 600), (500, 810)) == "north"
    assert origin((500, 500), (600, 520), (700, 810)) is None, "it lies elsewhere"
    assert origin((500, 500), (500, 600), (500, 810), came=("north", "middle")) == "middle", "the nearer one"


def test_nothing_is_known_before_others_were_seen_to_go_like_that() -> None:
    assert origin((500, 500), (500, 600), (500, 810), came=()) is None
    assert origin((500, 500), (500, 600), (500, 810), came=("east",)) is None


def test_who_enters_over_a_line_comes_over_no_other_one() -> None:
    assert origin((500, 500), (500, 600), (500, 810), crossed=3) is None


def test_its_direction_must_be_known() -> None:
    assert origin((500, 750)) is None
    assert origin((500, 750), (500, 810)) is None, "it has hardly gone"


def test_who_begins_late_may_have_turned_before() -> None:
    assert origin((500, 600), (500, 690), (500, 810)) == "north"
    assert origin((500, 680), (500, 770), (500, 810)) is None


def straight(*begins: float) -> list[RoadUser]:
    return [drives(Label.CAR, (t, 500, 100), (t + 4, 500, 900)) for t in begins]


def counted(*users: RoadUser, seconds: float = 20.0, fps: float = 10.0, counts: bool = True) -> list[str]:
    movements = Movements(JUNCTION, JUNCTION.lines, counts=counts)
    steps = (movements.step(view) for view in views(Story(users, seconds, fps), JUNCTION))
    return [f"{one.from_line}-{one.to_line}" for step in steps for one in step]


@pytest.mark.parametrize("fps", [5.0, 25.0])
def test_who_stood_hidden_between_the_lines_is_counted(fps: float) -> None:
    halts = drives(Label.CAR, (6, 500, 100), (8, 500, 400), (14, 500, 400), (17, 500, 950), hidden=[(7.2, 14.0)])
    assert counted(*straight(0.0), halts, fps=fps) == ["north-south"] * 2
    assert counted(*straight(0.0), halts, fps=fps, counts=False) == ["north-south"], "nobody is accused by it"


def test_who_is_first_seen_before_it_enters_is_not() -> None:
    comes = drives(Label.CAR, (6, 500, 950), (9, 500, 500), (12, 950, 500))
    assert counted(*straight(0.0), comes) == ["north-south", "south-east"]


def test_a_movement_that_is_told_is_not_told_again_when_its_track_is_known() -> None:
    movements, told = Movements(JUNCTION, JUNCTION.lines, counts=True), []
    others, lost, later = (9, 180, 220, 500, 780, 820), (1, 180, 220), (2, 300, 500, 780, 820)
    sights = [(track, y) for track, *ys in (others, lost, later) for y in ys]
    for number, (track, y) in enumerate(sights):
        here = row(track, Label.CAR, 500, y, distances={"north": 200 - y, "east": 300.0, "south": 800 - y})
        told += list(movements.step(view(number / 2, here)))
    told += list(movements.step(replace(view(6.0, ended=(1,)), joined=(Join(1, 2, sure=True),))))
    assert [(one.from_line, one.to_line, one.entry is None) for one in told] == [
        ("north", "south", False), ("north", "south", True),
    ]  # fmt: skip


def test_forgets_ended_tracks() -> None:
    movements = Movements(JUNCTION, JUNCTION.lines, counts=True)
    for one in views(Story(straight(0.0, 1.0), 8.0), JUNCTION):
        list(movements.step(one))
    assert len(movements) == 0
