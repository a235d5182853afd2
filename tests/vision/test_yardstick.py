import pytest

from models.detections import Label
from tests.vision.rows import row
from vision.yardstick import going_kmh, gone_m, length_m, may_be_pushed, metre_px


def test_the_height_of_a_box_tells_how_long_a_metre_is() -> None:
    car = row(1, Label.CAR, 500, 500, (100, 75))  # 1.5 m are 75 px
    assert metre_px(car) == pytest.approx(50)
    assert length_m(car, 200, 0) == pytest.approx(4.0)
    assert length_m(car, 0, 100) == pytest.approx(4.0), "foreshortened"
    assert length_m(row(1, Label.CAR, 500, 500, (100, 0)), 10, 0) == pytest.approx(15.0), "a box of no height"


def test_how_far_somebody_has_gone() -> None:
    begin, now = row(1, Label.CAR, 500, 500, (100, 75)), row(1, Label.CAR, 600, 500, (100, 75))
    assert gone_m(begin, now) == pytest.approx(2.0)
    begin, now = row(1, Label.CAR, 0, 0, ground=(0.0, 0.0)), row(1, Label.CAR, 9, 9, ground=(3.0, 4.0))
    assert gone_m(begin, now) == pytest.approx(5.0)


def test_how_fast_somebody_is() -> None:
    assert going_kmh(row(1, Label.CAR, 500, 500, steady=(1.0, 0.0), speed_kmh=40.0)) == 40.0
    assert going_kmh(row(1, Label.CAR, 500, 500, (100, 75), steady=(100.0, 0.0))) == pytest.approx(7.2)
    assert going_kmh(row(1, Label.CAR, 500, 500)) is None


@pytest.mark.parametrize(
    ("label", "speed_kmh", "pushed"),
    [
        (Label.BICYCLE, 5.0, True),
        (Label.MOTORCYCLE, None, True),
        (Label.MOTORCYCLE, 20.0, False),
        (Label.CAR, 5.0, False),
    ],
)
def test_who_may_be_pushed(label: Label, speed_kmh: float | None, pushed: bool) -> None:
    assert may_be_pushed(row(1, label, 500, 500, speed_kmh=speed_kmh)) is pushed
