"""The synthetic street: who is where, and how it looks.

                 z up, d away from the camera, x to the right            picture, 0..1
      d = 60 m   ────────────────────                                    ┌────────────────────┐
                │ walk│ ↓  ↓ │ ↑  ↑ │walk│┌──────┐                      │      ╱│╲           │ horizon
                │     │ ↓  ↓ │ ↑  ↑ │    ││ yard │                      │    ╱  │  ╲ ┌────┐  │
                │     │ ↓  ↓ │ ↑  ↑ │    │└──────┘                      │  ╱    │    ╲────┘  │
      d = 12 m   ────────────────────       camera at x = 0, 8 m up      └────────────────────┘

Traffic keeps to the right. Every road user's place is a closed formula of the seed and of time, so the same picture
can be made again, in any order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PERSON, BICYCLE, MOTORCYCLE, CAR, BUS, TRUCK = range(6)
Numbers = NDArray[np.float64]

CAMERA_HEIGHT_M, CENTRE, HORIZON, FOCAL_X, FOCAL_Y = 8.0, 0.40, 0.16, 0.75, 4 / 3
ROAD_M = 7.0  # half its width
NEAR_M, FAR_M = 9.0, 75.0  # road users live between
SEEN_M = 60.0  # further away nobody could tell what they are
YARD_M = ((9.5, 22.0), (16.0, 22.0), (16.0, 36.0), (9.5, 36.0))
PERIOD_S = 120.0
VISIT_S = 80.0
# The intruder: seconds into the visit, x, d. Within the yard from about 13 to 52.
VISIT = np.array([
    (0, 8.4, 46), (12, 8.4, 30), (14, 11, 29), (24, 13.5, 25.5), (30, 13, 31), (40, 11, 27), (50, 12.5, 30),
    (54, 8.4, 30), (68, 8.4, 12),
])  # fmt: skip

# Boxes that road users are made of: x0 x1 (m from the middle), l0 l1 (m from the rear), z0 z1, colour.
PALETTE = np.array([
    (48, 48, 50), (28, 28, 30), (70, 60, 50), (60, 60, 230), (210, 240, 250), (120, 150, 190), (190, 190, 190),
    (60, 50, 40), (150, 200, 225),
], np.float64)  # fmt: skip
SHADOW, BLACK, GLASS, RED, LAMP, SKIN, STEEL, JEANS, STRAW, PAINT = range(10)  # PAINT: the road user's own
PARTS = {
    PERSON: [
        (-0.32, 0.32, -0.1, 0.5, 0, 0, SHADOW), (0.02, 0.2, 0.25, 0.4, 0, 0.8, JEANS),
        (-0.2, -0.02, 0, 0.15, 0, 0.8, JEANS), (-0.27, 0.27, 0.05, 0.35, 0.8, 1.4, PAINT),
        (-0.12, 0.12, 0.1, 0.3, 1.45, 1.7, SKIN),
    ],
    BICYCLE: [
        (-0.35, 0.35, 0, 1.7, 0, 0, SHADOW), (-0.03, 0.03, 1.05, 1.7, 0, 0.65, BLACK),
        (-0.03, 0.03, 0, 0.65, 0, 0.65, BLACK), (-0.16, 0.16, 0.45, 0.7, 0.35, 0.9, JEANS),
        (-0.24, 0.24, 0.45, 0.8, 0.9, 1.4, PAINT), (-0.22, 0.22, 0.4, 0.85, 1.45, 1.62, STRAW),
    ],
    MOTORCYCLE: [
        (-0.42, 0.42, 0, 1.9, 0, 0, SHADOW), (-0.06, 0.06, 1.35, 1.9, 0, 0.55, BLACK),
        (-0.37, 0.37, 1.35, 1.45, 0.7, 0.8, BLACK), (-0.12, 0.12, 1.5, 1.6, 0.6, 0.8, LAMP),
        (-0.17, 0.17, 0.1, 1.5, 0.35, 0.78, PAINT), (-0.06, 0.06, 0, 0.55, 0, 0.55, BLACK),
        (-0.1, 0.1, 0.05, 0.1, 0.6, 0.72, RED), (-0.24, 0.24, 0.55, 0.95, 0.75, 1.35, STEEL),
        (-0.15, 0.15, 0.6, 0.9, 1.36, 1.65, PAINT),
    ],
    CAR: [
        (-1.0, 1.0, -0.1, 4.3, 0, 0, SHADOW), (-0.85, 0.85, 0.3, 3.9, 0, 0.35, BLACK),
        (-0.87, 0.87, 0, 4.2, 0.3, 0.85, PAINT), (-0.78, 0.78, 0.5, 3.1, 0.85, 1.35, GLASS),
        (-0.72, 0.72, 0.7, 2.8, 1.35, 1.45, PAINT), (-0.82, -0.5, 4.2, 4.2, 0.5, 0.7, LAMP),
        (0.5, 0.82, 4.2, 4.2, 0.5, 0.7, LAMP), (-0.82, -0.55, 0, 0, 0.55, 0.75, RED),
        (0.55, 0.82, 0, 0, 0.55, 0.75, RED),
    ],
    BUS: [
        (-1.4, 1.4, -0.1, 10.7, 0, 0, SHADOW), (-1.2, 1.2, 0.3, 10.2, 0, 0.45, BLACK),
        (-1.25, 1.25, 0, 10.5, 0.4, 1.5, PAINT), (-1.25, 1.25, 0, 10.5, 1.5, 2.5, GLASS),
        (-1.25, 1.25, 0, 10.5, 2.5, 3.05, PAINT), (-1.15, -0.7, 10.5, 10.5, 0.7, 0.95, LAMP),
        (0.7, 1.15, 10.5, 10.5, 0.7, 0.95, LAMP), (-1.15, -0.8, 0, 0, 0.7, 1.0, RED), (0.8, 1.15, 0, 0, 0.7, 1.0, RED),
    ],
    TRUCK: [
        (-1.3, 1.3, -0.1, 7.2, 0, 0, SHADOW), (-1.0, 1.0, 0.2, 6.8, 0, 0.7, BLACK),
        (-1.05, 1.05, 5.3, 7.0, 0.5, 1.4, PAINT), (-1.0, 1.0, 5.4, 6.9, 1.4, 2.2, GLASS),
        (-1.15, 1.15, 0, 5.1, 0.7, 2.9, STEEL), (-1.0, -0.6, 7.0, 7.0, 0.65, 0.9, LAMP),
        (0.6, 1.0, 7.0, 7.0, 0.65, 0.9, LAMP), (-1.1, -0.8, 0, 0, 0.75, 0.95, RED), (0.8, 1.1, 0, 0, 0.75, 0.95, RED),
    ],
}  # fmt: skip


def _form(label: int, towards: bool) -> Numbers:
    """The parts that one sees, in the order of painting: the shadow, then far before near and low before high."""
    hidden = RED if towards else LAMP
    parts = [part for part in PARTS[label] if part[6] != hidden]
    far_first = 1 if towards else -1
    return np.array(
        sorted(parts, key=lambda part: (part[6] != SHADOW, far_first * ((part[2] + part[3]) // 6), part[4]))
    )


FORMS = {(label, towards): _form(label, towards) for label in PARTS for towards in (False, True)}
LENGTHS_M = np.array([max(part[3] for part in PARTS[label] if part[6] != SHADOW) for label in range(6)])
PAINTS = np.array([
    (60, 60, 200), (200, 120, 50), (225, 225, 225), (90, 90, 95), (60, 140, 60), (40, 160, 220),
    (150, 70, 120), (200, 200, 120),
], np.float64)  # fmt: skip


def project(x: Numbers, d: Numbers, z: Numbers | float = 0.0) -> Numbers:
    """Where points of the world (m) are in the picture: (..., 2), 0..1."""
    return np.stack([CENTRE + FOCAL_X * x / d, HORIZON + FOCAL_Y * (CAMERA_HEIGHT_M - z) / d], -1)


def on_ground(*points: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """Points on the ground (x, d in m) in 0..1 of the picture, rounded as one would write them in a site file."""
    x, d = np.array(points, np.float64).T
    return tuple((round(float(u), 4), round(float(v), 4)) for u, v in np.clip(project(x, d), 0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Users:
    """Road users at one moment, farthest first: columns of length n; x, d of the end that is nearer to us, m."""

    x: Numbers
    d: Numbers
    towards: NDArray[np.bool_]
    labels: NDArray[np.int8]
    ids: NDArray[np.int64]
    paints: NDArray[np.int64]

    def corners(self) -> tuple[Numbers, NDArray[np.int64], NDArray[np.int64]]:
        """All their parts: corners (k, 8, 2) in 0..1, colour (k,), whose part it is (k,).

        Corners 0..3 are the near face (left bottom, right bottom, right top, left top), 4..7 the far one.
        """
        forms = [FORMS[key] for key in zip(self.labels.tolist(), self.towards.tolist(), strict=True)]
        owner = np.repeat(np.arange(len(forms)), [len(form) for form in forms])
        x0, x1, l0, l1, z0, z1, colour = np.concatenate(forms).T if forms else np.empty((7, 0))
        length, back = LENGTHS_M[self.labels][owner], self.towards[owner]
        near = self.d[owner] + np.where(back, length - l1, l0)
        far = self.d[owner] + np.where(back, length - l0, l1)
        left, right = self.x[owner] + x0, self.x[owner] + x1
        x = np.stack([left, right, right, left] * 2, 1)
        d = np.maximum(np.stack([near] * 4 + [far] * 4, 1), 1.0)
        z = np.stack([z0, z0, z1, z1] * 2, 1)
        return project(x, d, z), colour.astype(np.int64), owner

    def boxes(self, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Boxes (n, 4) px around all but the shadows, and which of them one can see (n,)."""
        corners, colour, owner = self.corners()
        solid = colour != SHADOW
        low, high = np.full((len(self.x), 2), np.inf), np.full((len(self.x), 2), -np.inf)
        np.minimum.at(low, owner[solid], corners[solid].min(1))
        np.maximum.at(high, owner[solid], corners[solid].max(1))
        cut_low, cut_high = np.clip(low, 0, 1), np.clip(high, 0, 1)
        shown = np.prod(cut_high - cut_low, 1) / np.maximum(np.prod(high - low, 1), 1e-9)
        boxes = np.hstack([cut_low, cut_high]) * np.array([*size, *size])
        return boxes.astype(np.float32), (shown > 0.4) & (self.d < SEEN_M)


class Traffic:
    """The timetable of the street: who enters when, in a period that repeats."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        # enters at s, x, speed m/s (negative: towards us), label
        rows = [row for side in (1, -1) for row in self._side(random, side)]
        self._enters, self._x, self._speed, labels = np.array(rows, np.float64).T
        self._labels = labels.astype(np.int8)
        self._paints = random.integers(0, len(PAINTS), len(rows))

    @staticmethod
    def _side(random: np.random.Generator, side: int) -> Iterable[tuple[float, float, float, int]]:
        """Everybody of one side of the road in one period. One speed a lane: nobody drives into anybody."""
        for at in np.arange(random.uniform(0, 3), PERIOD_S - 3, 5.5):
            label = random.choice([CAR, CAR, CAR, CAR, CAR, BUS, TRUCK])
            yield at + random.uniform(0, 2), side * random.uniform(1.7, 2.1), side * 10.0, label
        for at in np.arange(random.uniform(0, 4), PERIOD_S - 4, 6.5):
            pack_at = at + random.uniform(0, 1.5)
            for rider in range(random.integers(2, 8)):
                x = 4.1 + 1.9 * ((rider * 0.62 + random.uniform(0, 0.15)) % 1)
                yield pack_at + rider * 0.36, side * x, side * 9.0, MOTORCYCLE
        for at in np.arange(random.uniform(0, 9), PERIOD_S - 6, 17.0):
            yield at + random.uniform(0, 5), side * 6.6, side * 4.2, BICYCLE
        for at in np.arange(random.uniform(0, 9), PERIOD_S - 6, 21.0):
            yield at + random.uniform(0, 5), side * random.uniform(7.5, 8.7), random.choice([-1.3, 1.3]), PERSON

    def at(self, time_s: float) -> Users:
        """Who is there, and where. Two periods back are looked at: walkers need 51 s for the street."""
        period = int(time_s // PERIOD_S)
        columns: list[
            tuple[Numbers, Numbers, NDArray[np.bool_], NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]
        ]
        columns = [self._visitor(time_s)]
        for back in (period, period - 1):
            way = np.abs(self._speed) * (time_s - back * PERIOD_S - self._enters)
            here = (way >= 0) & (way <= FAR_M - NEAR_M) & (back >= 0)
            towards = self._speed[here] < 0
            d = np.where(towards, FAR_M - way[here], NEAR_M + way[here])
            ids = 1000 + back * len(way) + np.flatnonzero(here)
            columns.append((self._x[here], d, towards, self._labels[here], ids, self._paints[here]))
        joined = [np.concatenate(column) for column in zip(*columns, strict=True)]
        order = np.argsort(-joined[1], kind="stable")
        return Users(*(column[order] for column in joined))

    @staticmethod
    def _visitor(
        time_s: float,
    ) -> tuple[Numbers, Numbers, NDArray[np.bool_], NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]:
        """The one who walks into the yard: a row, or none between two visits."""
        visit, since = divmod(time_s, VISIT_S)
        n = int(since < VISIT[-1, 0])
        x, d = (np.interp([since] * n, VISIT[:, 0], VISIT[:, column]) for column in (1, 2))
        return x, d, np.zeros(n, bool), np.full(n, PERSON, np.int8), np.full(n, int(visit) + 1), np.zeros(n, np.int64)


FACES = ((1.2, [3, 2, 6, 7]), (0.75, [0, 4, 7, 3]), (0.75, [1, 5, 6, 2]), (1.0, [0, 1, 2, 3]))
"""Brightness and corners of top, left, right and near face."""
SHIFT = 4


def paint_users(image: NDArray[np.uint8], users: Users) -> None:
    """Paints all road users, farthest first."""
    corners, colour, owner = users.corners()
    pixels = np.round(corners * np.array(image.shape[1::-1]) * 2**SHIFT).astype(np.int32)
    own = PAINTS[users.paints][owner]
    base = np.where((colour == PAINT)[:, None], own, PALETTE[np.minimum(colour, PAINT - 1)])
    tones = [np.clip(base * brightness, 0, 255).tolist() for brightness, _ in FACES]
    of_left = (users.x[owner] > 0).tolist()
    flat = (colour == SHADOW).tolist()
    faces = [np.ascontiguousarray(pixels[:, order]) for _, order in FACES]
    for part in range(len(pixels)):
        if flat[part]:
            ground = pixels[part, [0, 1, 5, 4]]
            cv2.fillConvexPoly(image, ground, tones[3][part], cv2.LINE_AA, SHIFT)
            continue
        for face in (0, 1 if of_left[part] else 2, 3):
            cv2.fillConvexPoly(image, faces[face][part], tones[face][part], cv2.LINE_AA, SHIFT)


def paint_street(size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """The street without anybody on it."""
    width, height = size
    random = np.random.default_rng(seed)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (112, 140, 128)
    horizon = int(HORIZON * height)
    image[:horizon] = np.linspace((225, 195, 160), (235, 228, 222), horizon)[:, None]

    def ground(colour: tuple[int, int, int], *points: tuple[float, float]) -> None:
        x, d = np.array(points, np.float64).T
        pixels = np.round(project(x, d) * (width, height) * 2**SHIFT).astype(np.int32)
        cv2.fillPoly(image, [pixels], colour, cv2.LINE_AA, SHIFT)

    def strip(colour: tuple[int, int, int], x: float, wide: float, near: float = 5, far: float = 400) -> None:
        ground(colour, (x - wide / 2, near), (x + wide / 2, near), (x + wide / 2, far), (x - wide / 2, far))

    def block(sides: tuple[float, float], near: float, far: float, high: float, colour: Iterable[int]) -> None:
        x0, x1 = sides
        x, d = np.array([x0, x1, x1, x0] * 2), np.array([near] * 4 + [far] * 4)
        pixels = project(x, d, np.array([0, 0, high, high] * 2)) * (width, height) * 2**SHIFT
        for brightness, order in (FACES[1 if x0 > 0 else 2], FACES[0], FACES[3]):
            tone = [min(255.0, brightness * each) for each in colour]
            cv2.fillConvexPoly(image, np.round(pixels[order]).astype(np.int32), tone, cv2.LINE_AA, SHIFT)

    for far in range(140, 20, -7):
        block((-18 - random.uniform(0, 2), -10.5), far, far + 6.6, random.uniform(4, 13), random.integers(120, 225, 3))
    for far in range(140, 40, -9):
        block((18, 30), far, far + 8, random.uniform(4, 9), random.integers(120, 225, 3))
    strip((150, 158, 162), 0, 2 * ROAD_M + 6)
    strip((92, 92, 94), 0, 2 * ROAD_M)
    for x in (-ROAD_M + 0.25, ROAD_M - 0.25):
        strip((225, 225, 225), x, 0.15)
    for x in (-0.15, 0.15):
        strip((70, 190, 235), x, 0.12)
    for x in (-3.6, 3.6):
        for near in range(6, 150, 6):
            strip((215, 215, 215), x, 0.14, near, near + 2.5)
    ground((70, 70, 210), *YARD_M)
    (x0, d0), (x1, d1) = YARD_M[0], YARD_M[2]
    ground((160, 172, 178), (x0 + 0.3, d0 + 0.4), (x1 - 0.3, d0 + 0.4), (x1 - 0.3, d1 - 0.4), (x0 + 0.3, d1 - 0.4))
    block((x1 - 3.2, x1 - 0.6), d1 - 4, d1 - 1, 2.2, (90, 150, 200))
    grain = random.normal(0, 3.5, (height - horizon, width, 1))
    image[horizon:] = np.clip(image[horizon:] + cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None] * 2, 0, 255)
    return image
