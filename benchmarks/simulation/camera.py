"""A pinhole camera on a mast: from the ground to the picture and back.

                 ○ camera, `height` above the ground
                 │╲ ) tilt below the level
                 │  ╲
    ─────────────┴────▶ yaw, anticlockwise from x         ground: x, y in metres, z up

No lens distortion: a site's calibration is a homography, and a camera that bends lines must be straightened first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.simulation.trajectories import Floats

NEAR_M = 1.0
"""What is nearer to the lens can't be projected."""


@dataclass(frozen=True)
class PinholeCamera:
    """Where a camera stands, how it looks, and its picture.

    Attributes:
        place: x and y of the mast, m.
        height: Of the lens above the ground, m.
        yaw_deg: Direction of view, anticlockwise from x.
        tilt_deg: How far it looks down.
        focal_px: Focal length.
        size: Width and height of the picture, px.
    """

    place: tuple[float, float]
    height: float
    yaw_deg: float
    tilt_deg: float
    focal_px: float
    size: tuple[int, int] = (1920, 1080)

    @cached_property
    def _axes(self) -> Floats:
        """Rows: to the right, down, and ahead in the picture, as directions of the world."""
        yaw, tilt = np.radians(self.yaw_deg), np.radians(self.tilt_deg)
        ahead = np.array([np.cos(yaw) * np.cos(tilt), np.sin(yaw) * np.cos(tilt), -np.sin(tilt)])
        right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
        return np.vstack([right, np.cross(ahead, right), ahead])

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Where points appear.

        Args:
            points: (n, 3) m.

        Returns:
            (n, 2) px, and (n,) depth along the direction of view, m; pixels of points nearer than `NEAR_M` say nothing.
        """
        seen = (points - np.array([*self.place, self.height])) @ self._axes.T
        depth = seen[:, 2]
        pixels = self.focal_px * seen[:, :2] / np.maximum(depth, NEAR_M)[:, None] + np.array(self.size) / 2
        return pixels, depth

    def ground(self, pixels: Floats) -> Floats:
        """Where the ground is seen.

        Args:
            pixels: (n, 2) px, below the horizon.

        Returns:
            (n, 2) m.

        Raises:
            ValueError: A pixel shows the sky.
        """
        rays = np.column_stack([(pixels - np.array(self.size) / 2) / self.focal_px, np.ones(len(pixels))]) @ self._axes
        if (rays[:, 2] >= 0).any():
            raise ValueError("a pixel at or above the horizon shows no ground")
        reach = -self.height / rays[:, 2]
        return np.array(self.place) + rays[:, :2] * reach[:, None]

    def shares(self, points: Sequence[tuple[float, float]]) -> list[list[float]]:
        """Points on the ground as 0..1 of the picture, as a site file has them.

        Raises:
            ValueError: One is not in the picture.
        """
        flat = np.array([(x, y, 0.0) for x, y in points])
        pixels, depth = self.project(flat)
        shares = pixels / np.array(self.size)
        outside = (depth < NEAR_M) | (shares < 0).any(axis=1) | (shares > 1).any(axis=1)
        if outside.any():
            raise ValueError(
                f"not in the picture: {flat[outside, :2].tolist()} m at {shares[outside].round(2).tolist()}"
            )
        return [[round(float(x), 5), round(float(y), 5)] for x, y in shares]

    def calibration(
        self, points: Sequence[tuple[float, float]], picked_px: float, chance: np.random.Generator
    ) -> dict[str, Any]:
        """The block `calibration` of a site file, from points that somebody picked in the picture.

        Args:
            points: x and y on the ground, m.
            picked_px: Error of the picking, one standard deviation.
            chance: Where the errors come from.
        """
        exact = np.array(self.shares(points))
        picked = exact + chance.normal(0, picked_px, exact.shape) / np.array(self.size)
        pairs = zip(picked.clip(0, 1).tolist(), points, strict=True)
        return {"points": [{"image": image, "ground_m": [float(x), float(y)]} for image, (x, y) in pairs]}
