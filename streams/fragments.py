"""Fragments: coded pictures as an MP4 that browsers play while it comes (Media Source Extensions). Nothing is decoded.

    header     ftyp moov     once: what a decoder must know
    fragment   moof mdat     one picture

The fragment of a picture is made when the next one has come, for only then it is known how long the first is shown.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple, cast

import av
from av.packet import Packet
from av.video.stream import VideoStream

from streams.main_stream import CodedPicture, VideoPacket
from streams.segment import coded_stream

MUXING = {"movflags": "empty_moov+default_base_moof+frag_every_frame+skip_trailer", "flush_packets": "1"}


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """What all fragments of one connection to a camera have in common.

    Attributes:
        codec: Its name for browsers (RFC 6381), such as `avc1.64001F` or `hvc1.1.6.L93.B0`.
        size: Width and height of its pictures, px.
        header: The MP4's `ftyp` and `moov`.
        began_at: When the picture at 0 s came here, UTC.
    """

    codec: str
    size: tuple[int, int]
    header: bytes
    began_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """One picture.

    Attributes:
        number: Counts on from fragment to fragment, over all connections.
        video: What it belongs to.
        key: Whether decoding can begin with it.
        arrived_s: When the picture came (`time.monotonic`).
        content: `moof` and `mdat`.
    """

    number: int
    video: Video
    key: bool
    arrived_s: float
    content: bytes


class KeptPicture(NamedTuple):
    """A coded picture that stays as it is, whoever else works with its packet.

    Attributes:
        content: The camera's own bytes.
        key: Whether decoding can begin with it.
        pts: When it is shown, in units of `unit`.
        dts: When it is decoded, likewise.
        duration: For how long it is shown, likewise; 0 where nobody says.
        unit: The time base.
        arrived_s: When it came (`time.monotonic`).
    """

    content: bytes
    key: bool
    pts: int
    dts: int
    duration: int
    unit: Fraction
    arrived_s: float

    @classmethod
    def of(cls, picture: CodedPicture) -> "KeptPicture":
        """A copy of a picture."""
        packet = picture.packet
        assert packet.pts is not None
        assert packet.dts is not None
        return cls(
            bytes(packet),
            picture.key,
            packet.pts,
            packet.dts,
            packet.duration or 0,
            packet.time_base,
            picture.arrived_s,
        )


class _Written:
    """A file for FFmpeg whose content is taken out as it comes."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, chunk: bytes) -> int:
        """Takes a chunk in."""
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def take(self) -> bytes:
        """What was written since the last time."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        return content


class Fragmenter:
    """Makes fragments of the pictures of one connection. Used by one thread at a time.

    Args:
        stream: FFmpeg's description of the stream that the pictures come from.
        parameters: Its parameter sets.
        first: The first picture, a key picture; it has to be put in, too.

    Raises:
        FFmpegError: No MP4 can be made of it.
    """

    def __init__(self, stream: VideoStream, parameters: bytes, first: KeptPicture) -> None:
        self._written = _Written()
        self._container = av.open(self._written, "w", format="mp4", options=MUXING)
        self._stream = coded_stream(self._container, stream, parameters)
        self._container.start_encoding()
        header = self._written.take()
        self._origin = first.dts
        self._before: KeptPicture | None = None
        self.video = Video(
            codec=codec_name(header),
            size=(stream.codec_context.width, stream.codec_context.height),
            header=header,
            began_at=datetime.now(UTC) - timedelta(seconds=time.monotonic() - first.arrived_s),
        )

    def put(self, picture: KeptPicture, number: int) -> Fragment | None:
        """Takes in a picture; gives the fragment of the one before, which is then number `number`.

        Raises:
            FFmpegError: The picture is none.
        """
        packet = cast(VideoPacket, Packet(picture.content))
        packet.pts, packet.dts = picture.pts - self._origin, picture.dts - self._origin
        packet.duration, packet.time_base = picture.duration, picture.unit
        packet.is_keyframe = picture.key
        packet.stream = self._stream
        self._container.mux_one(packet)
        before, self._before = self._before, picture
        return self._fragment(before, number)

    def close(self, number: int) -> Fragment | None:
        """Ends it; gives the fragment of the last picture."""
        self._container.close()
        before, self._before = self._before, None
        return self._fragment(before, number)

    def _fragment(self, picture: KeptPicture | None, number: int) -> Fragment | None:
        content = self._written.take()
        if picture is None or not content:
            return None
        return Fragment(number, self.video, picture.key, picture.arrived_s, content)


def codec_name(header: bytes) -> str:
    """The name of a codec for browsers (RFC 6381; ISO/IEC 14496-15, annex E), by the header of an MP4.

    Raises:
        ValueError: It holds neither H.264 nor H.265.
    """
    begin = header.find(b"avcC")
    if begin >= 0:
        _, profile, compatible, level = header[begin + 4 : begin + 8]
        return f"avc1.{profile:02X}{compatible:02X}{level:02X}"
    begin = header.find(b"hvcC")
    if begin < 0:
        raise ValueError("neither H.264 nor H.265")
    record = header[begin + 4 : begin + 17]
    space = ("", "A", "B", "C")[record[1] >> 6]
    tier = "H" if record[1] & 0x20 else "L"
    # The compatibility flags are written in reverse order of bits; zero bytes at the end are left out.
    flags = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:X}" for byte in record[6:12].rstrip(b"\0"))
    return f"hvc1.{space}{record[1] & 0x1F}.{flags:X}.{tier}{record[12]}{constraints}"
