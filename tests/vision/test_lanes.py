from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.rows import row, view
from tests.vision.story import SCENE
from vision.errors import SiteError
from vision.lanes import LaneArea

INBOUND = frozenset({"inbound"})  # 0..200 px, downwards


@pytest.mark.parametrize(("x", "width", "inside"), [(100, 60, True), (195, 60, False), (195, 20, True), (5, 60, False)])
def test_a_good_part_of_the_box_must_stand_inside(x: float, width: float, inside: bool) -> None:
    car = row(1, Label.CAR, x, 500, (width, 50), zones=INBOUND)
    assert LaneArea(SCENE, "inbound").drivers(view(0.0, car)) == ({1} if inside else set())


def test_who_does_not_stand_in_it_is_not_in_it() -> None:
    car = row(1, Label.CAR, 300, 500)
    assert not LaneArea(SCENE, "inbound").drivers(view(0.0, car))


def test_a_stream_may_change_its_size() -> None:
    lane = LaneArea(SCENE, "inbound")
    car = row(1, Label.CAR, 150, 400, zones=INBOUND)
    other = row(2, Label.CAR, 300, 400)
    assert lane.drivers(view(0.0, other, car)) == {1}
    assert lane.drivers(view(0.1, other, car)) == {1}
    assert not lane.drivers(replace(view(0.2, other, car), size=(500, 500)))


def test_directions_are_those_of_the_picture() -> None:
    lane = LaneArea(SCENE, "inbound")
    assert lane.off_heading_deg((0.0, 3.0)) == pytest.approx(0)
    assert lane.off_heading_deg((2.0, 0.0)) == pytest.approx(90)
    assert lane.off_heading_deg((0.0, -0.1)) == pytest.approx(180)
    assert lane.along((5.0, 7.0)) == pytest.approx(7)


def test_an_unknown_lane_is_told_with_those_there_are() -> None:
    with pytest.raises(SiteError, match="no lane 'yard'; there are: inbound"):
        LaneArea(SCENE, "yard")
