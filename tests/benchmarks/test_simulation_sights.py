import numpy as np
import pytest

from models.detections import Label
from tests.benchmarks.ground import CAMERA, goes, recording, sights


def test_a_car_has_the_size_that_it_has_there() -> None:
    seen = sights(recording(goes(Label.CAR, (0, 0, 10), (1, 0, 10.01))))
    left, top, right, bottom = seen.box[0]
    # The upper edge of the rear, 1.8 m wide, is nearest and so what is widest.
    depth = (22 - 2.2) * np.cos(np.radians(18)) + (8 - 1.5) * np.sin(np.radians(18))
    assert right - left == pytest.approx(1.8 * 1200 / depth)
    assert (left + right) / 2 == pytest.approx(960)
    assert bottom - top > 40
    assert seen.share[0] == 1
    assert seen.visible[0] == pytest.approx(seen.box[0])


def test_the_foot_is_where_the_box_stands() -> None:
    seen = sights(recording(goes(Label.CAR, (0, 0, 10), (1, 0, 10.01))))
    assert seen.foot[0] == pytest.approx((0, 10 - 2.2), abs=0.05)


def test_whoever_is_behind_a_bus_is_hidden() -> None:
    seen = sights(
        recording(goes(Label.BUS, (0, 0, 12), (1, 0, 12.01)), goes(Label.MOTORCYCLE, (0, 0, 22), (1, 0, 22.01)))
    )
    first = seen.frame == 0
    share = dict(zip(seen.user[first].tolist(), seen.share[first].tolist(), strict=True))
    assert share[0] == 1
    assert share[1] < 0.05


def test_whoever_is_half_hidden_shows_the_other_half() -> None:
    seen = sights(recording(goes(Label.BUS, (0, 0, 12), (1, 0, 12.01)), goes(Label.CAR, (0, 1.6, 20), (1, 1.6, 20.01))))
    [row] = np.flatnonzero((seen.frame == 0) & (seen.user == 1))
    assert 0.3 < seen.share[row] < 0.9
    assert seen.visible[row, 0] > seen.box[row, 0] + 3, "its left is behind the bus"
    assert seen.visible[row, 2] == pytest.approx(seen.box[row, 2])


def test_a_box_is_cut_off_at_the_border() -> None:
    seen = sights(recording(goes(Label.CAR, (0, 0, -2), (1, 0, -1.99))))
    width, height = CAMERA.size
    assert seen.box[0, 3] > height
    assert seen.visible[0, 3] == height
    assert 0 < seen.share[0] < 1
    assert (seen.visible[:, 2] <= width).all()


def test_nobody_is_seen_behind_the_camera_or_too_far_away() -> None:
    seen = sights(
        recording(goes(Label.CAR, (0, 0, -40), (1, 0, -40.01)), goes(Label.PERSON, (0, 0, 400), (1, 0, 400.1)))
    )
    assert len(seen.frame) == 0


def test_every_frame_has_its_rows() -> None:
    seen = sights(recording(goes(Label.CAR, (0.2, 0, 10), (0.6, 0, 12))))
    counts = [rows.stop - rows.start for rows in seen.frames(20)]
    assert counts == [0] * 5 + [1] * 8 + [0] * 7
