import pytest

from models.detections import Label
from tests.vision.rows import row
from vision.hiding import feet_hidden, hidden_shares

BEHIND = row(1, Label.CAR, 500, 400, (100, 60))  # 450..550 across, 340..400 down


def test_nobody_hides_nobody() -> None:
    assert feet_hidden([BEHIND], []) == [False]
    assert hidden_shares([BEHIND], []) == [0.0]
    assert feet_hidden([], [BEHIND]) == []
    assert hidden_shares([], [BEHIND]) == []


@pytest.mark.parametrize(
    ("x", "y", "box", "hidden"),
    [
        (500, 470, (120, 75), True),  # begins above the bottom of the one behind
        (500, 470, (120, 66), True),  # begins right below it, as two boxes that share an edge and tremble
        (500, 480, (120, 66), False),  # begins farther below: there is road between them
        (570, 470, (120, 75), True),  # half of the bottom
        (590, 470, (120, 75), False),  # too little of it
        (500, 404, (120, 75), False),  # side by side
    ],
)
def test_a_foot_is_hidden_where_somebody_in_front_begins(
    x: float, y: float, box: tuple[float, float], hidden: bool
) -> None:
    assert feet_hidden([BEHIND], [BEHIND, row(2, Label.BUS, x, y, box)]) == [hidden]


def test_who_is_in_front_is_not_hidden() -> None:
    front = row(2, Label.BUS, 500, 470, (120, 75))
    assert feet_hidden([front], [BEHIND]) == [False]
    assert hidden_shares([front], [BEHIND]) == [0.0]


def test_how_much_the_one_hides_that_hides_most() -> None:
    half, third = row(2, Label.BUS, 550, 470, (100, 200)), row(3, Label.BUS, 500, 420, (100, 40))
    assert hidden_shares([BEHIND], [third, half]) == [pytest.approx(1 / 2)]
    assert hidden_shares([BEHIND], [BEHIND, third]) == [pytest.approx(1 / 3)]
