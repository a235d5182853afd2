import pytest

from models.detections import Label
from tests.vision.rows import row
from vision.occupancy import CrossSection

SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]  # lines at 0.35, 0.5 and 0.65
SIZE = (1000, 1000)


def covered(*boxes: tuple[float, float, float, float], upwards: bool = True) -> float:
    """Share of the lines that boxes, px, cover."""
    rows = [row(n, Label.CAR, (x1 + x2) / 2, y2, box=(x2 - x1, y2 - y1)) for n, (x1, y1, x2, y2) in enumerate(boxes)]
    return CrossSection(SQUARE).covered(rows, SIZE, upwards)


def test_nobody_covers_nothing() -> None:
    assert covered() == 0


def test_half_of_a_line_must_be_covered() -> None:
    assert covered((200, 300, 490, 520)) == 0
    assert covered((200, 300, 510, 520)) == pytest.approx(1 / 3)


def test_two_side_by_side_cover_together_and_no_place_twice() -> None:
    assert covered((210, 400, 400, 520), (500, 400, 700, 520)) == pytest.approx(1 / 3)
    assert covered((210, 400, 480, 520), (220, 400, 470, 520)) == 0
    assert covered((210, 400, 400, 520), (300, 400, 560, 520)) == pytest.approx(1 / 3)


def test_only_the_lower_half_of_a_box_is_on_the_road() -> None:
    assert covered((200, 300, 800, 660)) == pytest.approx(2 / 3), "not the line at 350, which its upper half hides"
    assert covered((200, 300, 800, 480)) == 0


def test_what_is_beside_the_zone_covers_nothing() -> None:
    assert covered((0, 400, 200, 520), (800, 400, 1000, 520)) == 0


def test_traffic_from_the_side_crosses_upright_lines() -> None:
    lorry = (300, 0, 520, 800)  # its lower third is as wide as the zone's lower part
    assert covered(lorry, upwards=False) == 0
    assert covered((300, 300, 520, 500), (300, 450, 520, 790), (300, 500, 520, 620), upwards=False) == pytest.approx(0)
    assert covered((300, -300, 520, 790), upwards=False) == pytest.approx(2 / 3)


def test_the_longest_stretch_of_a_zone_with_a_notch_counts() -> None:
    notch = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.4, 1.0), (0.4, 0.1), (0.3, 0.1), (0.3, 1.0), (0.0, 1.0)]
    here = row(1, Label.BUS, 700, 600, box=(320, 600))
    assert CrossSection(notch).covered([here], SIZE, upwards=True) == pytest.approx(1 / 3)
