"""Calibrate: tells how well the points of a camera lay its picture on the ground."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from pydantic import ValidationError

from api.errors import ApiError
from api.pen import Image
from api.sources import only_camera
from vision.calibration import PICKING, WORST_LEFT_OUT, Fit, Ground, PointPair, PointPairs
from vision.errors import SiteError
from vision.site import Camera, Site, parse_site
from vision.site_faults import Fault, explained
from vision.site_tree import anchored, filled, read_tree

FORMATS = (".jpg", ".jpeg", ".png")
"""Of pictures that can be written."""
_LENGTH_M, _SPEED_KMH = 5.0, 36.0  # examples of what is measured
_DEVIATIONS = 2.0  # an error is so many standard deviations: 95 %, as it stands in events
_BLANK, _SHADE = (720, 1280, 3), 96  # of the picture that is drawn on where there is none


@dataclass(frozen=True)
class Measured:
    """The points that were measured for a camera.

    Attributes:
        camera: The camera, without its calibration.
        points: The points.
        fit: The ground by them; none where there is no ground that they could lie on.
        refusal: Why they can't be used; none where they can.
    """

    camera: Camera
    points: tuple[PointPair, ...]
    fit: Fit | None
    refusal: str | None

    @classmethod
    def of(cls, camera: Camera, pairs: PointPairs) -> Self:
        """The points, and how well they fit."""
        try:
            return cls(camera, pairs.points, pairs.fit, pairs.fit.refusal)
        except SiteError as error:
            return cls(camera, pairs.points, None, str(error))


def read_points(
    path: Path, camera: str | None, *, source: bool = False, environment: Mapping[str, str] = os.environ
) -> Measured:
    """Reads the points of a camera, also where they are too poor for its site file to be used.

    Args:
        path: Site file.
        camera: Id of the camera; none where the file has one only.
        source: Whether the camera will be opened, so that every `${NAME}` in its address must be known.
        environment: Where these are looked up.

    Raises:
        SiteError: There are no such points, or something else is wrong with the file; the message says where.
    """
    tree, unknown = filled(read_tree(path), environment)
    tree = anchored(tree, path.parent)
    try:
        site = _without_points(tree)
        chosen = only_camera(site, camera, None, None, None).cameras[0]
    except SiteError as error:
        raise SiteError(_placed(path, str(error).splitlines())) from None
    index = [one.id for one in site.cameras].index(chosen.id)
    where = f"cameras[{index}]"
    unset = [fault for fault in unknown if fault.path.startswith(f"{where}.source")]
    if source and unset:
        raise SiteError(_placed(path, unset))
    node = tree["cameras"][index].get("calibration")
    if node is None:
        raise SiteError(
            f"{path}: camera {chosen.id!r} has no calibration; give it `calibration: {{points: …}}` with at least 4 "
            f"points (docs/calibration.md)"
        )
    try:
        pairs = PointPairs.model_validate(node)
    except ValidationError as error:
        faults = explained(error, PointPairs.model_json_schema(), node)
        raise SiteError(
            _placed(path, (Fault(f"{where}.calibration.{one.path}", one.cause) for one in faults))
        ) from None
    return Measured.of(chosen, pairs)


def report(measured: Measured) -> Iterator[str]:
    """What there is to say about the points of a camera, line by line."""
    fit = measured.fit
    ground = fit.ground if fit else None
    yield f"camera {measured.camera.id}: {len(measured.points)} points" + (
        f", spanning {fit.extent_m:.1f} m" if fit else ""
    )
    yield ""
    yield "point   in the picture          on the ground     residual   left out"
    for number, point in enumerate(measured.points, 1):
        (x, y), (u, v) = point.image, point.ground_m
        found = _found(number, ground) if ground else ""
        yield f"{number:5}   {x:.4f}  {y:.4f}   {u:8.2f}  {v:8.2f} m   {found}".rstrip()
    if fit is None or ground is None:
        return
    yield ""
    yield f"verdict: {_verdict(fit)}"
    yield f"a click is {100 * ground.picking:.1f} % of the picture wrong (standard deviation): " + (
        "assumed" if ground.picking == PICKING else "by the residuals"
    )
    if fit.refusal:  # errors by the residuals would make a fit look good that its own points deny
        return
    yield ""
    yield "place    in the picture     position      " + f"{_LENGTH_M:g} m along          {_SPEED_KMH:g} km/h"
    yield from _examples(measured.points, ground)
    yield ""
    yield "± holds with 95 %; along is the way from the near point to the far one; boxes that tremble come on top"


def _found(number: int, ground: Ground) -> str:
    """What a fit says of one of its points."""
    residual = f"{ground.residuals_m[number - 1]:6.2f} m"
    if number in ground.unused:
        return f"{residual}   not used: it contradicts the others"
    if ground.left_out_m is None:
        return f"{residual}   nothing checks it"
    rank = number - 1 - sum(one < number for one in ground.unused)  # errors are there for the used ones only
    error = ground.left_out_m[rank]
    return f"{residual}   {error:6.2f} m" if np.isfinite(error) else f"{residual}   nothing checks it"


def _verdict(fit: Fit) -> str:
    if fit.refusal:
        return "refused"
    if fit.ground.left_out_m is None:
        return "accepted, but nothing checks it: four points always fit; measure two more at least"
    share = fit.ground.left_out_rms_m / fit.extent_m
    return (
        f"accepted; left out, a point is foretold {fit.ground.left_out_rms_m:.2f} m wrong (root mean square): "
        f"{100 * share:.1f} % of what the points span, and {100 * WORST_LEFT_OUT:g} % are allowed"
    )


def _examples(points: tuple[PointPair, ...], ground: Ground) -> Iterator[str]:
    """The error of a position, a length and a speed at the point nearest to the camera, the farthest, and between."""
    used = [point for number, point in enumerate(points, 1) if number not in ground.unused]
    worth = np.linalg.norm(ground.spots(np.array([point.image for point in used])).by_picture, axis=(1, 2)).round(6)
    near = np.array(used[int(np.argmin(worth))].ground_m)
    # Seen from straight above all are as near: then the one that is farthest from the first.
    apart = np.linalg.norm(np.array([point.ground_m for point in used]) - near, axis=1)
    far = np.array(used[int(np.lexsort((apart, worth))[-1])].ground_m)
    way = far - near
    along = way / np.linalg.norm(way)
    # What is measured begins at the near point, ends at the far one, or has the middle in its middle.
    for name, place, share in (("near", near, 0.0), ("middle", (near + far) / 2, 0.5), ("far", far, 1.0)):
        where = ground.places(place[None])
        (x, y), position = where[0], _DEVIATIONS * ground.position_error_m(ground.spots(where))[0]
        lengths = []
        for length in (_LENGTH_M, _SPEED_KMH / 3.6):  # a speed is the way of a second
            ends = ground.places(np.array([place - share * length * along, place + (1 - share) * length * along]))
            seen = ground.spots(ends[:1]), ground.spots(ends[1:])
            lengths.append(float(_DEVIATIONS * ground.length_errors_m(*seen)[0]))
        yield (
            f"{name:7}  {x:.4f}  {y:.4f}   ± {position:6.2f} m   {_LENGTH_M:.1f} ± {lengths[0]:5.2f} m   "
            f"{_SPEED_KMH:.1f} ± {3.6 * lengths[1]:5.2f} km/h"
        )


def picture_of(measured: Measured, snapshot: Path | None, *, source: bool) -> Image:
    """The picture to draw on: a file, the first picture of the camera's source, or a plain one.

    Raises:
        ApiError: The file can't be read as a picture.
        StreamError: The source gives none.
    """
    if snapshot is not None:
        read = cv2.imread(str(snapshot), cv2.IMREAD_COLOR) if snapshot.is_file() else None
        if read is None:
            raise ApiError(f"{snapshot}: " + ("is no picture" if snapshot.is_file() else "no such file"))
        return np.asarray(read, np.uint8)
    if source:
        with closing(measured.camera.source.open(measured.camera.id)) as opened:
            return opened.read().image
    return np.full(_BLANK, _SHADE, np.uint8)


def refusal_of(target: Path, *inputs: Path | None) -> str | None:
    """Why a picture must not or could not be written, as far as can be told before.

    Args:
        target: The picture.
        inputs: What is read; None where nothing is.
    """
    if target.suffix.lower() not in FORMATS:
        return f"{target}: end the name of the picture with one of {', '.join(FORMATS)}"
    if not target.absolute().parent.is_dir():
        return f"{target}: there is no folder {target.absolute().parent}; make it first"
    if target.resolve() in {path.resolve() for path in inputs if path}:
        return f"{target}: is read by this command and would be destroyed; write the picture elsewhere"
    return None


def write_picture(path: Path, image: Image) -> None:
    """Writes a picture; its format follows the name.

    Raises:
        ApiError: It can't be written.
    """
    try:
        path.write_bytes(cv2.imencode(path.suffix.lower(), image)[1].tobytes())
    except OSError as error:
        raise ApiError(f"{path}: can't be written: {error.strerror or error}") from None


def _without_points(tree: Mapping[str, Any]) -> Site:
    """The site of a file but for its calibrations: what is asked for may be the only fault that it has.

    Raises:
        SiteError: It has others.
    """
    nodes = tree.get("cameras")
    if isinstance(nodes, list):
        nodes = [{**node, "calibration": None} if isinstance(node, dict) else node for node in nodes]
    return parse_site({**tree, "cameras": nodes} if "cameras" in tree else tree)


def _placed(path: Path, faults: Iterable[object]) -> str:
    return "\n".join(f"{path}: {fault}" for fault in faults)
