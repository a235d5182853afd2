"""Road users who crash, brake or only seem to: for tests of halts and crashes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.detections import Label
from tests.vision.story import RoadUser, Waypoint, drives, rides

UNTIL_S = 14.0


def stopping(
    begin: tuple[float, float],
    end: tuple[float, float],
    speed: float,
    brake: float,
    stops_s: float = 4.0,
    until_s: float = UNTIL_S,
) -> list[Waypoint]:
    """The way of somebody who drives evenly, brakes evenly and stands at the end; m and m/s², or px."""
    way: list[Waypoint] = []
    start, there = np.array(begin), np.array(end)
    length = float(np.linalg.norm(there - start))
    braking_s = speed / brake
    starts_s = stops_s - braking_s - (length - speed * braking_s / 2) / speed
    for when in np.arange(starts_s, until_s + 0.01, 0.04):
        left_s = max(stops_s - float(when), 0.0)
        left = brake * left_s**2 / 2 if left_s < braking_s else speed * left_s - speed * braking_s / 2
        x, y = there - (there - start) / length * left
        way.append((float(when), float(x), float(y)))
    return way


def goes_on(way: Sequence[Waypoint], at_s: float, to: tuple[float, float], in_s: float = 3.0) -> list[Waypoint]:
    """The same, but drives on at a time to another place."""
    return [*(point for point in way if point[0] < at_s), (at_s, *way[-1][1:]), (at_s + in_s, *to)]


def car(brake: float = 10.0, stops_s: float = 4.0, **more: Any) -> RoadUser:
    """Comes from the left with 8 m/s and stands, its middle 2 m beside the middle of the road, 25 m away."""
    return rides(Label.CAR, *stopping((-11.0, 25.0), (-2.0, 25.0), 8.0, brake, stops_s), box=(110.0, 70.0), **more)


def rider(brake: float = 12.0, stops_s: float = 4.0, until_s: float = UNTIL_S, **more: Any) -> RoadUser:
    """Comes along the road with 8 m/s and stands before the car, 24 m away."""
    way = stopping((1.0, 12.8), (1.0, 23.6), 8.0, brake, stops_s, until_s)
    return rides(Label.MOTORCYCLE, *way, **more)


def fallen(label: Label = Label.MOTORCYCLE, since_s: float = 5.0, until_s: float = UNTIL_S, **more: Any) -> RoadUser:
    """Lies beside the car: a wide, low box."""
    return rides(label, (since_s, 1.6, 23.9), (until_s, 1.6, 23.9), box=(80.0, 36.0), **more)


def car_px(brake: float = 350.0, stops_s: float = 4.0, **more: Any) -> RoadUser:
    """Without metres: comes from the left with 280 px/s and stands; its box is 70 px high."""
    return drives(Label.CAR, *stopping((60.0, 500.0), (440.0, 500.0), 280.0, brake, stops_s), box=(110.0, 70.0), **more)


def rider_px(brake: float = 350.0, stops_s: float = 4.0, **more: Any) -> RoadUser:
    """Without metres: comes from below with 280 px/s and stands before the car; its box is 80 px high."""
    return drives(Label.MOTORCYCLE, *stopping((530.0, 900.0), (530.0, 520.0), 280.0, brake, stops_s), **more)
