from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.measured import measured
from tests.vision.story import SCENE, Story, drives
from vision.events import Measurement
from vision.rules.line_crossing import LineCrossing
from vision.rules.movement import Movement
from vision.scene import Line

ARMS = replace(
    SCENE,
    lines={
        "south": Line.model_validate({"from": [0.3, 0.8], "to": [0.7, 0.8]}),
        "north": Line.model_validate({"from": [0.3, 0.2], "to": [0.7, 0.2]}),
        "east": Line.model_validate({"from": [0.8, 0.3], "to": [0.8, 0.7]}),
    },
    zones={},
    lanes={},
)


LINES = ("south", "north", "east")


def pairs(found: list[Measurement]) -> dict[tuple[str | None, str | None], float]:
    return {(one.from_line, one.to_line): one.values["volume"] for one in found if one.kind == "movement_flow"}


def test_movements_are_counted_from_line_to_line() -> None:
    users = [
        drives(Label.CAR, (0, 500, 950), (6, 500, 50)),
        drives(Label.MOTORCYCLE, (10, 400, 950), (16, 400, 50)),
        drives(Label.PERSON, (20, 600, 950), (24, 600, 500), (28, 950, 500)),
    ]
    found = measured(Story(users, 60.0, 10.0), Movement(id="turns", lines=LINES), scene=ARMS)
    assert pairs(found) == {
        ("south", "north"): 2, ("south", "east"): 1, ("north", "south"): 0,
        ("north", "east"): 0, ("east", "south"): 0, ("east", "north"): 0,
    }  # fmt: skip
    [straight] = [one for one in found if (one.from_line, one.to_line) == ("south", "north")]
    assert straight.values["flow_veh_h"] == pytest.approx(120)
    assert straight.values["flow_pcu_h"] == pytest.approx(78)
    assert straight.by_label == {"motorcycle": {"volume": 1}, "car": {"volume": 1}}
    assert (straight.rule, straight.line, straight.zone) == ("turns", None, None)
    [walk] = [one for one in found if (one.from_line, one.to_line) == ("south", "east")]
    assert walk.values["flow_veh_h"] == 0


def test_two_rules_count_for_themselves_and_other_passages_are_none() -> None:
    cars = Movement(id="cars", lines=LINES, labels=(Label.CAR,))
    both = Movement(id="both", lines=LINES)
    users = [drives(label, (t, 500, 950), (t + 6, 500, 50)) for t, label in ((0, Label.CAR), (10, Label.BUS))]
    found = measured(Story(users, 60.0, 10.0), cars, both, LineCrossing(id="count", line="north"), scene=ARMS)
    assert {one.rule: one.values["volume"] for one in found if one.to_line == "north" and one.from_line == "south"} == {
        "cars": 1, "both": 2,
    }  # fmt: skip
    assert len({one.id for one in found}) == len(found)
