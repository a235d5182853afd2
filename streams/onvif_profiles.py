"""The streams that a camera offers, and which of them are looked at and recorded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

DETECT_WIDTH = 640
"""Px: what the detector is given. A smaller stream would lack what it could find, a larger one costs more to decode."""

Codec = Literal["H264", "H265", "JPEG", "MPEG4", "?"]
READ: tuple[Codec, ...] = ("H264", "H265")
_CODECS: dict[str, Codec] = {
    "H264": "H264",
    "H265": "H265",
    "HEVC": "H265",
    "JPEG": "JPEG",
    "MJPEG": "JPEG",
    "MPEG4": "MPEG4",
    "MPV4ES": "MPEG4",
}
_SECRET = re.compile(
    r"(?i)(?P<key>(?:^|[?&;/_])(?:(?:user|login)?_?pass(?:wd|word)?|pwd|[a-z]*token|secret)=)"
    r"(?P<value>[^&;/?\s]*?)(?=_[a-z]+=|[&;/?\s]|$)"  # some cameras put all into the path, joined by `_`
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream of a camera.

    Attributes:
        token: What the camera calls it.
        name: What people call it.
        source: Token of the lens (or of the channel of a recorder) that it shows.
        codec: How its pictures are coded.
        width: Px; 0 where the camera does not say.
        height: Px; 0 where the camera does not say.
        fps: Pictures a second at most; None where the camera does not say.
        kbps: Kilobits a second at most; None where the camera does not say.
        stream: Its RTSP address, without user and password; empty where there is none to be used.
        snapshot: Address of a single picture; empty where there is none to be used.
    """

    token: str
    name: str
    source: str
    codec: Codec
    width: int
    height: int
    fps: float | None
    kbps: int | None
    stream: str = ""
    snapshot: str = ""

    @property
    def pixels(self) -> int:
        """Of one picture."""
        return self.width * self.height

    @property
    def readable(self) -> bool:
        """Whether it can be looked at and recorded."""
        return bool(self.stream) and self.codec in READ


def codec_of(word: str) -> Codec:
    """The codec that a camera names, in whatever spelling."""
    return _CODECS.get(re.sub(r"[^A-Z0-9]", "", word.upper()), "?")


def for_detection(profiles: Iterable[Profile]) -> Profile | None:
    """The stream to look at: the smallest that is wide enough for the detector, else the largest; if any can be."""
    found = [profile for profile in profiles if profile.readable]
    wide = [profile for profile in found if profile.width >= DETECT_WIDTH]
    if wide:
        return min(wide, key=lambda profile: (profile.pixels, profile.kbps or 0))
    return for_recording(found)


def for_recording(profiles: Iterable[Profile]) -> Profile | None:
    """The stream to record, which evidence is made of: the largest. None if none can be."""
    found = [profile for profile in profiles if profile.readable]
    return max(found, key=lambda profile: (profile.pixels, profile.kbps or 0), default=None)


def without_credentials(url: str, instead: str = "***") -> str:
    """A URL without user and password, and with something else for a secret in its path or query.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    path, query = (_SECRET.sub(rf"\g<key>{instead}", part) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))
