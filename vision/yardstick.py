"""Roughly how far and how fast, also where no calibration tells: a road user's own box is the yardstick.

A motorcycle with its rider is 1.7 m high, so its box tells how many pixels a metre has there, across the picture.
Away from the camera the road is foreshortened; cameras that see well look down on it by about 30 degrees, so a pixel
up or down counts twice:

    metres ≈ √(Δx² + (2 Δy)²) · real height / height of the box

Good enough to tell who rides from who pushes; never good enough to be shown.
"""

from math import dist, hypot

from models.detections import Label

from vision.scene import Placed

ON_FOOT_KMH = 7.0
"""Who is slower may be on foot and push a bicycle, or manoeuvre, or creep in a queue."""
FORESHORTENED = 2.0
"""Times longer than it looks is a way up or down the picture."""
TWO_WHEELERS = (Label.BICYCLE, Label.MOTORCYCLE)
_HEIGHTS_M = {
    Label.PERSON: 1.7,
    Label.BICYCLE: 1.7,
    Label.MOTORCYCLE: 1.7,
    Label.CAR: 1.5,
    Label.BUS: 3.2,
    Label.TRUCK: 3.0,
}


def metre_px(row: Placed) -> float:
    """Roughly how many pixels a metre across the picture has at a road user, by its own height."""
    return max(row.height, 1.0) / _HEIGHTS_M[row.label]


def length_m(row: Placed, x: float, y: float) -> float:
    """Roughly the length of a way in the picture (px) near a road user, by its own height."""
    return hypot(x, FORESHORTENED * y) / metre_px(row)


def gone_m(begin: Placed, row: Placed) -> float:
    """How far a road user is from where it was, in a straight line; roughly where the ground is not known."""
    if begin.ground and row.ground:
        return dist(begin.ground, row.ground)
    return length_m(row, row.foot[0] - begin.foot[0], row.foot[1] - begin.foot[1])


def going_kmh(row: Placed) -> float | None:
    """How fast a road user is, roughly where the ground is not known; none while it was not seen for half a second."""
    if row.speed_kmh is not None:
        return row.speed_kmh
    if row.steady is None:
        return None
    return 3.6 * length_m(row, *row.steady)


def may_be_pushed(row: Placed) -> bool:
    """Whether it may be a two-wheeler that somebody on foot pushes: it is slow, or nobody knows yet."""
    if row.label not in TWO_WHEELERS:
        return False
    speed_kmh = going_kmh(row)
    return speed_kmh is None or speed_kmh < ON_FOOT_KMH
