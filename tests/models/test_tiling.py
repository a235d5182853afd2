from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.detections import Detections, Label
from models.detectors.yolo import Yolo
from models.suppression import suppress
from models.tiling import Area, Tiles, unite
from tests.models.exports import SIDE, picture, save, v8

PICTURE = (1280, 720)
BUS = (560.0, 300.0, 720.0, 380.0)
BIKE = (100.0, 100.0, 120.0, 140.0)


def cut(box: tuple[float, float, float, float], area: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    """What a tile sees of a box, in its own px."""
    x, y, right, bottom = area
    return max(box[0], x) - x, max(box[1], y) - y, min(box[2], right) - x, min(box[3], bottom) - y


def test_tiles_cover_the_picture_and_overlap() -> None:
    areas = Tiles(2, 1, whole=False).areas(PICTURE)
    assert len(areas) == 2
    assert areas[0][0] == 0
    assert areas[1][2] == 1280
    assert areas[0][2] > areas[1][0], "they overlap, so that a small road user is whole in one of them"
    assert Tiles(2, 1, whole=True).areas(PICTURE)[-1] == (0, 0, 1280, 720)


def test_one_road_user_across_the_seam_is_one() -> None:
    areas = Tiles(2, 1, whole=False).areas(PICTURE)
    parts = [Detections.of((*cut(BUS, area), 0.8, Label.BUS)) for area in areas]
    united = unite(parts, areas, PICTURE)
    assert united.boxes.round().tolist() == [list(BUS)]


def test_who_is_in_one_tile_stays_as_it_is() -> None:
    areas = Tiles(2, 1, whole=False).areas(PICTURE)
    parts = [Detections.of((*BIKE, 0.7, Label.MOTORCYCLE)), Detections.empty()]
    united = unite(parts, areas, PICTURE)
    assert united.boxes.tolist() == [list(BIKE)]
    assert united.labels.tolist() == [Label.MOTORCYCLE]


def seen(boxes: list[tuple[float, float, float, float]], areas: tuple[Area, ...], label: Label) -> Detections:
    """What is left of road users that every tile sees as far as they lie in it, after suppression."""
    parts = []
    for area in areas:
        cuts = [cut(box, area) for box in boxes]
        parts.append(
            Detections.of(*((*one, 0.8, label) for one in cuts if one[2] - one[0] > 4 and one[3] - one[1] > 4))
        )
    united = unite(parts, areas, PICTURE)
    return united[suppress(united.boxes, united.scores, united.labels, 0.6)]


@given(
    st.sampled_from([(2, 1), (1, 2), (3, 1), (2, 2)]),
    st.booleans(),
    st.tuples(st.integers(0, 1100), st.integers(0, 600), st.integers(20, 180), st.integers(20, 120)),
)
@example((1, 2), False, (0, 317, 20, 87))  # three rows of it are above the lower tile
def test_wherever_a_road_user_is_it_is_one_and_as_large_as_it_is(
    shape: tuple[int, int], whole: bool, where: tuple[int, int, int, int]
) -> None:
    x, y, width, height = where
    box = (float(x), float(y), float(x + width), float(y + height))
    found = seen([box], Tiles(*shape, whole=whole).areas(PICTURE), Label.CAR)
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0], box, atol=0.01)


def test_a_row_of_neighbours_across_the_seam_stays_a_row() -> None:
    row = [(480.0 + 60 * i, 300.0, 530.0 + 60 * i, 350.0) for i in range(6)]
    found = seen(row, Tiles(2, 1, whole=True).areas(PICTURE), Label.MOTORCYCLE)
    assert sorted(found.boxes.tolist()) == [list(box) for box in row]


def test_one_that_is_larger_than_the_overlap_is_seen_as_a_whole_or_united() -> None:
    lorry = (300.0, 200.0, 1000.0, 500.0)
    for whole in (True, False):
        found = seen([lorry], Tiles(2, 1, whole=whole).areas(PICTURE), Label.TRUCK)
        assert found.boxes.tolist() == [list(lorry)]


def test_the_surer_half_says_what_it_is() -> None:
    areas = Tiles(2, 1, whole=False).areas(PICTURE)
    lorry = (300.0, 200.0, 1000.0, 500.0)
    names = ((0.4, Label.BUS), (0.8, Label.TRUCK))
    parts = [Detections.of((*cut(lorry, area), *name)) for area, name in zip(areas, names, strict=True)]
    united = unite(parts, areas, PICTURE)
    assert united.labels.tolist() == [Label.TRUCK]
    assert united.scores.tolist() == [pytest.approx(0.8)]


def test_another_kind_of_road_user_at_the_seam_stays() -> None:
    areas = Tiles(2, 1, whole=True).areas(PICTURE)
    right = areas[0][2]
    rider = (right - 30.0, 380.0, float(right), 460.0)  # ends at the seam, before a bus that is seen as a whole
    parts = [
        Detections.of((*rider, 0.7, Label.MOTORCYCLE)),
        Detections.empty(),
        Detections.of((300.0, 200.0, 1000.0, 500.0, 0.9, Label.BUS)),
    ]
    assert sorted(unite(parts, areas, PICTURE).labels.tolist()) == [Label.MOTORCYCLE, Label.BUS]


def test_a_detector_looks_at_each_tile_and_the_whole(tmp_path: Path) -> None:
    # Whatever it is shown, this model sees a car in the middle of it.
    path = save(tmp_path / "model.onnx", v8([(24, 24, 40, 40, 0.9, 0)], 1), names=["car"])
    wide = picture(360, 200)
    for tiles, whole, count in (("1x1", True, 1), ("2x1", True, 3), ("2x1", False, 2), ("3x2", False, 6)):
        detector = Yolo(model=str(path), input_size=SIDE, provider="cpu", tiles=tiles, tiles_whole=whole).load()
        assert len(detector.detect([wide])[0]) == count
        assert len(detector.measure(wide.image)) == count
        assert ("tiles" in detector.description) == (tiles != "1x1")
    two = Yolo(model=str(path), input_size=SIDE, provider="cpu", tiles="2x1", tiles_whole=False).load()
    # Tiles of 200x200 at 0 and 160; the model's 64 px are 200 there.
    assert sorted(two.detect([wide])[0].boxes.tolist()) == [[75, 75, 125, 125], [235, 75, 285, 125]]
    assert [len(found) for found in two.detect([wide, picture(720, 400)])] == [2, 2]


@pytest.mark.parametrize("tiles", ["2", "0x1", "2x", "10x1", "two"])
def test_tiles_are_columns_and_rows(tiles: str) -> None:
    with pytest.raises(ValidationError, match="tiles"):
        Yolo(tiles=tiles)
