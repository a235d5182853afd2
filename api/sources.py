"""Sources: from what people write on the command line to a site of the cameras they mean."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from models.detectors.replay import Replay
from models.detectors.yolo import Yolo
from streams.address import masked
from streams.source import Source
from streams.sources.file import FileSource
from streams.sources.http import HttpSource
from streams.sources.rtsp import RtspSource
from streams.sources.webcam import WebcamSource
from vision.errors import SiteError
from vision.site import Camera, Site, load_site

Pace = Literal["max", "real"]


def sited(path: Path | None) -> Site:
    """The site of a file; without one, a site of one camera whose whole picture is looked at, without rules.

    Raises:
        SiteError: The file can't be used.
    """
    if path is not None:
        return load_site(path)
    return Site(version=1, cameras=(Camera(id="camera", source=FileSource(path=Path("-"))),))


def only_camera(site: Site, camera: str | None, source: str | None, pace: Pace | None, model: str | None) -> Site:
    """A site of one camera, with what was given on the command line instead of what the file says.

    Raises:
        SiteError: There is no such camera, or there are several and none was named.
    """
    if camera is None and len(site.cameras) > 1:
        raise SiteError(f"has several cameras; say which with --camera: {', '.join(one.id for one in site.cameras)}")
    one = site.cameras[0] if camera is None else site.camera(camera)
    changed: dict[str, Any] = {}
    if source is not None:
        changed["source"] = source_of(source)
    chosen = changed.get("source", one.source)
    if pace and is_clip(chosen):
        changed["source"] = chosen.model_copy(update={"pace": pace})
    if model is not None:
        detector = site.detector(one)
        changed["detector"] = (
            detector.model_copy(update={"model": model}) if isinstance(detector, Yolo) else Yolo(model=model)
        )
    return site.model_copy(update={"cameras": (one.model_copy(update=changed),)})


def is_clip(source: Source) -> bool:
    """Whether a source is a video file, here or by HTTP: it has `pace` and `loop`, and comes to an end."""
    return isinstance(source, FileSource) or (isinstance(source, HttpSource) and not source.live)


def files_of(site: Site) -> list[Path]:
    """The files that the cameras of a site and their detectors are read from."""
    parts = [part for camera in site.cameras for part in (camera.source, site.detector(camera))]
    files = [part.path for part in parts if isinstance(part, FileSource | Replay)]
    return files + [Path(part.model) for part in parts if isinstance(part, Yolo) and part.model.endswith(".onnx")]


def source_of(text: str) -> Source:
    """The source that a word on the command line means.

    Raises:
        SiteError: It looks like a source that we do not know.
    """
    try:
        return _source_of(text)
    except ValidationError as error:
        raise SiteError(f"{masked(text)}: {error.errors(include_url=False)[0]['msg']}") from None


def _source_of(text: str) -> Source:
    scheme, separator, rest = text.partition(":")
    if scheme in ("rtsp", "rtsps") and separator:
        return RtspSource(url=text)
    if scheme in ("http", "https") and separator:
        return HttpSource(url=text)
    if scheme == "webcam" and separator:
        if not rest.isdecimal():
            raise SiteError(f"{text!r}: write the number of the webcam, such as webcam:0")
        return WebcamSource(device=int(rest))
    if rest.startswith("//"):
        raise SiteError(f"{scheme}:// is no source; there are: a file, rtsp://…, http(s)://…, webcam:0")
    return FileSource(path=Path(text))
