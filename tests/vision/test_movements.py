from models.detections import Label
from tests.vision.story import RoadUser, Story, drives, stands, views
from vision.movements import Movements
from vision.scene import Line, Scene

JUNCTION = Scene(
    camera="cam",
    lines={
        "north": Line.model_validate({"from": [0.2, 0.2], "to": [0.8, 0.2]}),
        "east": Line.model_validate({"from": [0.8, 0.25], "to": [0.8, 0.8]}),
        "south": Line.model_validate({"from": [0.2, 0.8], "to": [0.8, 0.8]}),
    },
)


def pairs(*users: RoadUser, lines: tuple[str, ...] = ("north", "east", "south"), seconds: float = 10.0) -> list[str]:
    movements = Movements(JUNCTION, lines)
    steps = (movements.step(view) for view in views(Story(users, seconds), JUNCTION))
    return [f"{one.from_line}-{one.to_line}" for step in steps for one in step]


def test_the_exit_of_one_movement_is_the_entry_of_the_next() -> None:
    tour = drives(Label.CAR, (0.0, 500, 100), (2.0, 500, 500), (4.0, 900, 500), (6.0, 700, 600), (8.0, 700, 900))
    assert pairs(tour) == ["north-east", "east-east", "east-south"]


def test_lines_side_by_side_are_crossed_in_the_order_of_their_times() -> None:
    # `steep` is met soon after `flat`, but the foot is sooner beyond its margin.
    lines = {"flat": {"from": [0.3, 0.465], "to": [0.7, 0.535]}, "steep": {"from": [0.508, 0.4], "to": [0.508, 0.6]}}
    scene = Scene("cam", lines={name: Line.model_validate(line) for name, line in lines.items()})
    car = drives(Label.CAR, (0.0, 200, 500), (4.0, 800, 500))
    movements = Movements(scene, lines)
    told = [one for view in views(Story([car], 5.0), scene) for one in movements.step(view)]
    assert [(one.from_line, one.to_line) for one in told] == [("flat", "steep")]
    assert told[0].entry is not None
    assert told[0].entry.time_s < told[0].exit.time_s


def test_the_same_line_twice_in_the_same_direction_is_no_movement() -> None:
    # Hidden while it came back.
    round_the_block = drives(
        Label.CAR, (0.0, 500, 100), (2.0, 500, 300), (3.0, 750, 300), (4.0, 950, 150), (5.0, 500, 100), (7.0, 500, 300)
    )
    assert pairs(round_the_block, lines=("north",)) == []


def test_forgets_ended_tracks() -> None:
    movements = Movements(JUNCTION, ("north", "south"))
    users = [drives(Label.CAR, (0.0, 500, 100), (2.0, 500, 300)), stands(Label.CAR, 300, 200, 0.0, 2.0)]
    for view in views(Story(users, 5.0), JUNCTION):
        list(movements.step(view))
    assert len(movements) == 0
