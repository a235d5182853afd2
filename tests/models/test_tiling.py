from models.detections import Detections, Label
from models.tiling import Tiles, unite

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
