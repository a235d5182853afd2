from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from models.detections import Label
from tests.vision.story import MAST, NOON, SCENE, Story, calibration, rides, stands, views
from vision.errors import SiteError
from vision.motion import Motion
from vision.scene import Lane, Line, Scene, Zone
from vision.signals import Feed
from vision.tracks import Tracks


def test_placed_in_zones_and_beside_lines() -> None:
    *_, view = views(Story([stands(Label.CAR, 500, 450, 0, 1), stands(Label.PERSON, 100, 900, 0, 1)], 1.0))
    car, person = view.placed
    assert car.label is Label.CAR
    assert car.place == pytest.approx((0.5, 0.45))
    assert car.height == pytest.approx(80)
    assert car.zones == {"yard"}
    assert car.distances == pytest.approx({"main": 50, "short": 50})
    assert person.zones == {"inbound"}
    assert person.distances["main"] == pytest.approx(-400)
    assert view.moment(view.time_s - 1) == NOON + timedelta(seconds=view.time_s - 1)


def test_a_scene_without_anything_places_tracks_all_the_same() -> None:
    *_, view = views(Story([stands(Label.CAR, 500, 450, 0, 1)], 1.0), Scene("cam"))
    assert view.placed[0].zones == frozenset()
    assert view.placed[0].distances == {}


def test_a_foot_outside_the_picture_is_placed_on_its_border() -> None:
    *_, view = views(Story([stands(Label.CAR, 1010, 1020, 0, 1)], 1.0))
    assert view.placed[0].place == (1.0, 1.0)
    assert view.placed[0].foot == pytest.approx((1010, 1020))


def test_lines_and_zones_follow_the_size_of_the_picture() -> None:
    scene = Scene("cam", lines=SCENE.lines, zones=SCENE.zones)
    [observation] = list(Story([], 0.0).observations())
    tracks = Tracks(
        camera="cam",
        time_s=0.0,
        ids=np.array([1]),
        boxes=np.array([[80.0, 80, 120, 100]]),
        seen=np.array([[80.0, 80, 120, 100]]),
        labels=np.array([Label.CAR], np.int8),
        scores=np.array([0.9]),
        velocities=np.zeros((1, 2)),
        ended=(),
    )
    for size, distance, zones in (((200, 200), 0, {"yard"}), ((400, 400), 100, set()), ((200, 200), 0, {"yard"})):
        moving = Motion(None).step(tracks, size)
        [row] = scene.place(tracks, replace(observation, size=size), moving, {}).placed
        assert row.distances["main"] == pytest.approx(distance)
        assert row.zones == zones
    assert scene == Scene("cam", lines=SCENE.lines, zones=SCENE.zones), "what is remembered is no part of it"


def test_each_scene_remembers_its_own_pixels() -> None:
    scenes = [Scene(f"cam {number}", lines=SCENE.lines, zones=SCENE.zones) for number in range(6)]
    first = [scene._in_pixels((640, 352)) for scene in scenes]
    assert all(scene._in_pixels((640, 352)) is pixels for scene, pixels in zip(scenes, first, strict=True))


@pytest.mark.parametrize(
    ("x", "y", "cut"), [(500, 500, False), (22, 500, True), (978, 500, True), (500, 997, True), (500, 82, False)]
)
def test_who_is_cut_off_beside_or_below(x: float, y: float, cut: bool) -> None:
    *_, view = views(Story([stands(Label.CAR, x, y, 0, 1)], 1.0))
    assert view.cuts_off(view.placed[0]) is cut


@pytest.mark.parametrize(
    ("kind", "tree", "message"),
    [
        (Line, {"from": [0.1, 0.2], "to": [0.1, 0.2]}, "no length"),
        (Line, {"from": [0.1, 0.2], "to": [1.1, 0.2]}, "less than or equal to 1"),
        (
            Line,
            {"from": [0, 0], "to": [1, 1], "names": {"left": "a", "right": "a"}},
            "both directions are named 'a'",
        ),
        (Zone, {"polygon": [[0, 0], [1, 1]]}, "at least 3 different corners, this one has 2"),
        (Zone, {"polygon": [[0, 0], [1, 1], [0, 0]]}, "at least 3 different corners, this one has 2"),
        (Zone, {"polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "crosses itself"),
        (Zone, {"polygon": [[0, 0], [0.5, 0.5], [1, 1]]}, "no area"),
        (Lane, {"polygon": [[0, 0], [1, 0], [1, 1]], "heading": [0, 0]}, "heading has no length"),
    ],
)
def test_bad_shapes_are_refused(kind: type[Line | Zone], tree: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        kind.model_validate(tree)


def test_scene_knows_its_parts() -> None:
    assert SCENE.line("main").direction("left") == "away"
    assert SCENE.line("main").direction("right") == "towards"
    assert SCENE.side("main", "towards") == "right"
    assert SCENE.side("main", "left") == "left"
    assert SCENE.zone("inbound") is SCENE.lanes["inbound"]


def test_a_scene_tells_what_it_lacks() -> None:
    with pytest.raises(SiteError, match="no lane 'yard'; there are: inbound"):
        SCENE.lane("yard")
    with pytest.raises(SiteError, match="no signal 'near'; the camera has no signals"):
        SCENE.signal("near")
    with pytest.raises(SiteError, match="needs metres, and the camera has no calibration"):
        SCENE.calibrated()
    mast = replace(SCENE, ground=calibration().ground, signals={"near": Feed()})
    assert mast.signal("near") == "near"
    assert mast.calibrated() is mast.ground
    assert mast.lane("inbound").heading == (0.0, 1.0)


@pytest.mark.parametrize("scene", [SCENE, MAST], ids=["picture", "ground"])
def test_how_far_somebody_has_gone_is_measured_on_the_ground_if_it_is_known(scene: Scene) -> None:
    walker = rides(Label.PERSON, (0.0, 0.0, 20.0), (4.0, 3.0, 20.0), box=(40.0, 80.0))
    first, *_, last = (view.placed[0] for view in views(Story([walker], 4.0), scene) if view.placed)
    assert last.has_gone(first, metres=2.4, heights=2.0) == (scene is MAST)
    assert last.has_gone(first, metres=3.1, heights=1.5) == (scene is SCENE)
