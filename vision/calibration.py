"""Calibration: from the picture to metres on the ground, with the error that this has.

A flat road seen by a camera without lens distortion is a homography away from its map (Hartley & Zisserman, Multiple
View Geometry, 2nd ed., ch. 4):

        picture, 0..1                        ground, m
     ┌────────────────┐                    ┌──────────┐
     │    1____2      │     to_ground      │ 1      2 │
     │    /    ╲      │   ───────────▶     │          │
     │   4______3     │                    │ 4      3 │
     └────────────────┘                    └──────────┘

Somebody clicked those points, by a few pixels wrong. That error is carried on (first order, ibid. ch. 5) to every
position, length and speed. A small residual proves nothing with few points: four always fit exactly, and five that
fit within centimetres can be metres wrong beside them. What counts is how well each point is foretold by the others.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import hypot
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.optimize import least_squares

from vision.errors import SiteError
from vision.geometry import Floats

PICKING = 0.003
"""Standard deviation with which people click a point, of the picture: 2 px in 640."""
WORST_LEFT_OUT = 0.10
"""Of the extent of the points on the ground: a fit that foretells its own points worse is refused."""
_OUTLIER = 0.02  # of the picture: a point that is so far from where the others put it was mistaken for another
_SUBSETS = 1000  # of four points are tried at most to find such points
_ON_ONE_LINE = 0.005  # three points whose triangle is thinner, of its longest side, are on one line
_SINGULAR = 1e-9  # of the largest singular value: the equations of the fit tell nothing in that direction
_HORIZON = 0.02  # of the scale at the points: nearer to the horizon a pixel is worth many metres

Share = Annotated[float, Field(ge=0, le=1, description="0..1 of the picture.")]


class PointPair(BaseModel):
    """A point that was found both in the picture and on the ground."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: tuple[Share, Share] = Field(description="Where it is in the picture, x and y.")
    ground_m: tuple[float, float] = Field(description="Where it is on the ground, m; any origin and direction.")


class PointPairs(BaseModel):
    """Points by which the picture is to be laid on the ground, whether or not they can be trusted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[PointPair, ...] = Field(
        min_length=4, description="At least 4, 6 or more recommended, spread over the road; no three on one line."
    )

    @cached_property
    def fit(self) -> "Fit":
        """The ground by these points, good enough or not.

        Raises:
            SiteError: There is no such ground; the message says why.
        """
        picture = np.array([point.image for point in self.points], np.float64)
        ground = np.array([point.ground_m for point in self.points], np.float64)
        _refuse_on_one_line(picture, "picture")
        _refuse_on_one_line(ground, "ground")
        used = _consistent(picture, ground)
        to_picture = _refined(picture[used], ground[used])
        if to_picture is None or _horizon_between(to_picture, ground[used]):
            raise SiteError(
                "the points don't fit any view of a flat ground: some would lie beyond the horizon; "
                "look whether two of them were swapped"
            )
        found = _ground(to_picture, picture, ground, used, _left_out(picture[used], ground[used]))
        extent_m = float(np.linalg.norm(np.ptp(ground[used], axis=0)))
        return Fit(found, extent_m, _too_poor(found, extent_m, used))


class Calibration(PointPairs):
    """Points by which the picture is laid on the ground."""

    @model_validator(mode="after")
    def _can_be_trusted(self) -> Self:
        try:
            self.ground  # noqa: B018 - fits
        except SiteError as error:
            raise ValueError(str(error)) from None
        return self

    @cached_property
    def ground(self) -> "Ground":
        """The ground as the camera sees it.

        Raises:
            SiteError: The points don't allow it; the message says which and why.
        """
        if self.fit.refusal:
            raise SiteError(self.fit.refusal)
        return self.fit.ground


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Points laid over one another as well as they can be.

    Attributes:
        ground: The ground by them.
        extent_m: How far the points that were used lie apart: the diagonal around them.
        refusal: Why it is too poor to be used; none where it is good enough.
    """

    ground: "Ground"
    extent_m: float
    refusal: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Places on the ground of n points of the picture.

    Attributes:
        metres: (n, 2) where they are; nan beyond the horizon.
        by_fit: (n, 2, 8) how they move with the parameters of the fit.
        by_picture: (n, 2, 2) how they move with the point in the picture, m per picture.
    """

    metres: Floats
    by_fit: Floats
    by_picture: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The ground as a camera sees it.

    Attributes:
        to_ground: (3, 3) picture 0..1 → m.
        covariance: (8, 8) of the parameters of the fit (the first eight of the matrix, the ninth is 1).
        picking: Standard deviation of a clicked point, of the picture.
        residuals_m: For each given point how far the fit puts it from where it is.
        left_out_m: For each point that was used how far the others alone would put it; none with four points.
        unused: Numbers, from 1, of points that contradict the others and were left out.
        scale: Sign and size of the projective denominator at the points, to know the horizon by.
    """

    to_ground: Floats
    covariance: Floats
    picking: float
    residuals_m: tuple[float, ...]
    left_out_m: tuple[float, ...] | None
    unused: tuple[int, ...]
    scale: float

    @property
    def left_out_rms_m(self) -> float:
        """Root mean square of the leave-one-out errors, m; infinite with four points: nothing checks them."""
        return float(np.sqrt(np.mean(np.square(self.left_out_m)))) if self.left_out_m else float("inf")

    def spots(self, points: Floats) -> Spots:
        """Lays points of the picture on the ground.

        Args:
            points: (n, 2), 0..1 of the picture.
        """
        x, y = points[:, 0], points[:, 1]
        ones = np.ones_like(x)
        w = self.to_ground[2, 0] * x + self.to_ground[2, 1] * y + 1.0
        seen = w / self.scale > _HORIZON
        w = np.where(seen, w, np.nan)
        metres = (np.column_stack([x, y, ones]) @ self.to_ground[:2].T) / w[:, None]
        zeros = np.zeros_like(x)
        u, v = metres[:, 0], metres[:, 1]
        by_fit = (
            np.stack(
                [
                    np.stack([x, y, ones, zeros, zeros, zeros, -u * x, -u * y], axis=1),
                    np.stack([zeros, zeros, zeros, x, y, ones, -v * x, -v * y], axis=1),
                ],
                axis=1,
            )
            / w[:, None, None]
        )
        by_picture = (self.to_ground[None, :2, :2] - metres[:, :, None] * self.to_ground[None, 2:, :2]) / w[
            :, None, None
        ]
        return Spots(metres, by_fit, by_picture)

    def places(self, metres: Floats) -> Floats:
        """Where points of the ground are in the picture.

        Args:
            metres: (n, 2) on the ground.

        Returns:
            (n, 2), 0..1 of the picture, or outside it; nan behind the camera and where `spots` sees no ground.
        """
        through = np.column_stack([metres, np.ones(len(metres))]) @ np.linalg.inv(self.to_ground).T
        nearness = through[:, 2:] * self.scale
        seen = (nearness > 0) & (nearness < 1 / _HORIZON)
        places: Floats = through[:, :2] / np.where(seen, through[:, 2:], np.nan)
        return places

    def position_error_m(self, spots: Spots) -> Floats:
        """(n,) standard deviation of each place by the fit, m, in its worst direction."""
        spread = spots.by_fit @ self.covariance @ spots.by_fit.transpose(0, 2, 1)
        trace, half = (spread[:, 0, 0] + spread[:, 1, 1]) / 2, (spread[:, 0, 0] - spread[:, 1, 1]) / 2
        worst: Floats = np.sqrt(trace + np.hypot(half, spread[:, 0, 1]))
        return worst

    def length_errors_m(self, first: Spots, second: Spots) -> Floats:
        """(n,) standard deviation by the fit of the lengths from n places to n others, m.

        Two places near each other share most of their error, so a short way is known much better than a position.
        """
        way = second.metres - first.metres
        length = np.linalg.norm(way, axis=1)
        unit = np.divide(way, length[:, None], out=np.zeros_like(way), where=length[:, None] > 0)
        along = np.einsum("ni,nij->nj", unit, second.by_fit - first.by_fit)
        variance = np.einsum("ni,ij,nj->n", along, self.covariance, along)
        deviation: Floats = np.sqrt(np.maximum(variance, 0.0))
        return deviation

    def length_m(self, start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
        """Length on the ground between two points of the picture (0..1), and its standard deviation by the fit, m."""
        first, second = (self.spots(np.array([point], np.float64)) for point in (start, end))
        length = float(np.linalg.norm(second.metres - first.metres))
        return length, float(self.length_errors_m(first, second)[0])


def _too_poor(found: Ground, extent_m: float, used: NDArray[np.bool_]) -> str | None:
    """Why a fit is refused: its own points don't foretell one another."""
    left_out = found.left_out_m
    if left_out is None or found.left_out_rms_m <= WORST_LEFT_OUT * extent_m:
        return None
    worst = int(np.flatnonzero(used)[np.argmax(left_out)])
    if max(left_out) == float("inf"):
        return (
            f"nothing checks point {worst + 1}: the others alone do not span an area; add points until there "
            f"are 6 or more, spread over the road"
        )
    return (
        f"too poor a fit: left out, a point is foretold by the others {found.left_out_rms_m:.1f} m wrong (root "
        f"mean square; the points span {extent_m:.1f} m), worst is point {worst + 1} with {max(left_out):.1f} m; "
        f"measure it again, or add points until there are 6 or more, spread over the road"
    )


def _ground(
    to_picture: Floats, picture: Floats, ground: Floats, used: NDArray[np.bool_], left_out: tuple[float, ...] | None
) -> Ground:
    """The ground of a fit, with the covariance that the picking error gives it."""
    to_ground = np.linalg.inv(to_picture)
    to_ground = to_ground / to_ground[2, 2]
    known = int(used.sum())
    misses = _project(to_picture, ground[used]) - picture[used]
    spare = 2 * known - 8
    # What people say of their own clicks is a guess; the residuals tell more where there are enough of them.
    seen = float(np.sqrt(np.sum(misses**2) / spare)) if spare else 0.0
    picking = max(PICKING, seen)
    scales = np.column_stack([picture, np.ones(len(picture))]) @ to_ground[2]
    scale = float(np.median(scales[used]))
    bare = Ground(to_ground, np.zeros((8, 8)), picking, (), None, (), scale)
    spots = bare.spots(picture)
    # Least squares in the picture, to first order: every equation weighs as a pixel there weighs on the ground.
    design = np.concatenate([np.linalg.solve(spots.by_picture[i], spots.by_fit[i]) for i in np.flatnonzero(used)])
    covariance = picking**2 * np.linalg.inv(design.T @ design)
    residuals = np.linalg.norm(spots.metres - ground, axis=1)
    unused = tuple((np.flatnonzero(~used) + 1).tolist())
    return Ground(to_ground, covariance, picking, tuple(residuals.tolist()), left_out, unused, scale)


def _refuse_on_one_line(points: Floats, where: str) -> None:
    """Refuses points of which so many lie on one line that nothing is known beside it."""
    best = 0.0
    for a, b, c in combinations(range(len(points)), 3):
        best = max(best, _thickness(points[[a, b, c]]))
    thin = [trio for trio in combinations(range(len(points)), 3) if _thickness(points[list(trio)]) < _ON_ONE_LINE]
    if best < _ON_ONE_LINE or (len(points) == 4 and thin):
        trio = thin[0]
        raise SiteError(
            f"points {trio[0] + 1}, {trio[1] + 1} and {trio[2] + 1} lie on one line on the {where}; choose points that "
            f"span an area, such as the corners of a rectangle on the road"
        )


def _thickness(triangle: Floats) -> float:
    """Height of a triangle over its longest side, 0..1; 0 where points coincide."""
    a, b, c = triangle
    longest = max(hypot(*(b - a)), hypot(*(c - b)), hypot(*(a - c)))
    double_area = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
    return float(double_area / longest**2) if longest else 0.0


def _consistent(picture: Floats, ground: Floats) -> NDArray[np.bool_]:
    """Which points agree with one another (RANSAC, Fischler & Bolles 1981): all of them where nothing is to spare.

    With six points or more every choice of four is tried (a thousand, spread evenly, where there are more), so the
    same points always give the same answer.
    """
    n = len(picture)
    everybody = np.ones(n, np.bool_)
    if n < 6:
        return everybody
    choices = list(combinations(range(n), 4))
    best = (0, 0.0, everybody)
    for choice in choices[:: max(1, len(choices) // _SUBSETS)]:
        four = list(choice)
        matrix = _linear(picture[four], ground[four])
        if matrix is None:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):  # a wrong choice may put a point on the horizon
            misses = np.linalg.norm(_project(matrix, ground) - picture, axis=1)
        agree = misses < _OUTLIER
        best = max(best, (int(agree.sum()), -float(misses[agree].sum()), agree), key=lambda one: one[:2])
    return best[2] if best[0] >= max(5, (n + 1) // 2) else everybody


def _linear(picture: Floats, ground: Floats) -> Floats | None:
    """Ground → picture by the normalised direct linear transform (Hartley 1997); None where they span no area."""
    (from_ground, ground_scale), (from_picture, picture_scale) = _normalised(ground), _normalised(picture)
    rows = []
    for (x, y), (u, v) in zip(from_ground, from_picture, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    _, sizes, right = np.linalg.svd(np.array(rows))
    if sizes[7] < _SINGULAR * sizes[0]:
        return None
    matrix: Floats = np.linalg.inv(picture_scale) @ right[-1].reshape(3, 3) @ ground_scale
    return matrix / np.linalg.norm(matrix)


def _normalised(points: Floats) -> tuple[Floats, Floats]:
    """Points moved and scaled so that they lie about one from the origin, and the matrix that did it."""
    centre = points.mean(axis=0)
    scale = 1.0 / max(float(np.linalg.norm(points - centre, axis=1).mean()), 1e-12)
    matrix = np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])
    return (points - centre) * scale, matrix


def _refined(picture: Floats, ground: Floats) -> Floats | None:
    """Ground → picture with the least squared error in the picture; None where they span no area."""
    begin = _linear(picture, ground)
    if begin is None or len(picture) == 4:
        return begin

    def misses(parameters: Floats) -> Floats:
        missed: Floats = (_project(parameters.reshape(3, 3), ground) - picture).ravel()
        return missed

    refined: Floats = least_squares(misses, begin.ravel(), method="lm", xtol=1e-12, ftol=1e-12).x.reshape(3, 3)
    return refined


def _horizon_between(to_picture: Floats, ground: Floats) -> bool:
    """Whether some points of the ground would lie before the camera and some behind it."""
    w = np.column_stack([ground, np.ones(len(ground))]) @ to_picture[2]
    return bool(np.min(w) * np.max(w) <= 0)


def _left_out(picture: Floats, ground: Floats) -> tuple[float, ...] | None:
    """How far from its place each point is put by a fit of all others, m; None where only three would be left."""
    n = len(picture)
    if n == 4:
        return None
    errors = []
    for one in range(n):
        rest = np.arange(n) != one
        fit = _refined(picture[rest], ground[rest])
        if fit is None:
            errors.append(float("inf"))
            continue
        back = np.asarray(np.linalg.inv(fit), np.float64)
        found = _project(back, picture[[one]])[0]
        errors.append(float(np.linalg.norm(found - ground[one])))
    return tuple(errors)


def _project(matrix: Floats, points: Floats) -> Floats:
    """Points (n, 2) through a homography."""
    through = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    projected: Floats = through[:, :2] / through[:, 2:]
    return projected
