"""MainStream: the coded pictures of a camera, as it sends them: demultiplexed, never decoded.

What cameras and FFmpeg do wrong on the way, and what becomes of it:

- FFmpeg does not stamp the first picture of a connection: it is put before the first that has a stamp.
- Two pictures with the same decoding time, or one that goes back a little: moved to just behind the one before.
- The camera's clock leaps (it was set, or the camera started again): the connection ends, a new one begins anew.
- The parameter sets change on the way (another resolution): the same, for a file has one set of them.
"""

import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from streams.address import masked, why_silent
from streams.errors import StreamError, StreamRefused
from streams.record import Record

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 4.0
"""FFmpeg's RTSP waits once or twice for so long before it gives up."""
LEAP_S = 10.0
"""Stamps may run so far ahead of the clock from one picture to the next (what the camera had kept for us)."""
UNSTAMPED_MAX = 32
KEYLESS_S = 30.0
CODECS = ("h264", "hevc")
VideoPacket: TypeAlias = "Packet[VideoStream]"  # generic for type checkers only
_START = b"\0\0\1"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CodedPicture(NamedTuple):
    """A coded picture as it came.

    Attributes:
        packet: The camera's own bytes, with `pts` and `dts`.
        key: Whether decoding can begin with it.
        time_s: When it is shown, on the stream's clock.
        duration_s: For how long, nominally.
        arrived_s: When it came (`time.monotonic`).
        camera_at: When the camera says that it took it (RTCP sender reports), UTC; None where it does not say.
    """

    packet: VideoPacket
    key: bool
    time_s: float
    duration_s: float
    arrived_s: float
    camera_at: datetime | None


class ParameterSets(NamedTuple):
    """What a decoder must know before the first picture, with start codes.

    Attributes:
        all: SPS and PPS, of H.265 VPS too.
        sequence: The SPS alone: it holds the resolution, and stays the same where a camera changes its PPS.
    """

    all: bytes
    sequence: bytes


class MainStream:
    """A connection to the main stream of a camera. Used by one thread.

    Attributes:
        video: FFmpeg's description of the stream.
        codec: `h264` or `hevc`.
        parameters: The parameter sets of the last key picture that carried them; before, those of the SDP.

    Raises:
        StreamError: No connection; the message says why.
    """

    def __init__(self, record: Record) -> None:
        self._shown = masked(record.url)
        self._last: tuple[int, float] | None = None
        options = {
            "rtsp_transport": record.transport,
            "timeout": f"{READ_TIMEOUT_S * 1e6:.0f}",
            # Codec and size are in the SDP and the first key picture.
            "analyzeduration": "500000",
            "fpsprobesize": "2",
        }
        try:
            # The second time-out is for what FFmpeg's own does not reach; the first must be the one that fires.
            self._container = av.open(record.url, options=options, timeout=(OPEN_TIMEOUT_S, 4 * READ_TIMEOUT_S))
        except (FFmpegError, OSError):
            # Not from the error: it holds the address with its password.
            raise why_silent(record.url, OPEN_TIMEOUT_S) from None
        videos = self._container.streams.video
        if not videos or videos[0].codec_context.name not in CODECS:
            found = videos[0].codec_context.name if videos else "no video"
            self.close()
            raise StreamRefused(f"{self._shown}: sends {found}; set the camera to H.264 or H.265, no other is recorded")
        self.video = videos[0]
        self.codec = self.video.codec_context.name
        self.parameters = ParameterSets(self.video.codec_context.extradata or b"", b"")

    def pictures(self) -> Iterator[CodedPicture]:
        """Coded pictures in the order of decoding, from the first key picture on, for as long as they come.

        Raises:
            StreamError: The camera is silent, has ended the stream, or something leapt; a new connection is due.
        """
        begun = False
        began_s = key_s = time.monotonic()
        for packet in self._stamped():
            picture = self._picture(packet)
            if picture.key:
                key_s = picture.arrived_s
                self._note_parameters(parameter_sets(bytes(packet), self.codec))
            elif picture.arrived_s - key_s > KEYLESS_S:
                raise StreamError(
                    f"{self._shown}: no key picture for {KEYLESS_S:g} s. Set its key-frame interval to 1 to 4 s."
                )
            if begun or picture.key:
                begun = True
                yield picture
        raise StreamError(f"{self._shown}: the camera ended the stream after {time.monotonic() - began_s:.0f} s")

    def close(self) -> None:
        """Closes the connection. May be called twice."""
        self._container.close()

    def _note_parameters(self, found: ParameterSets) -> None:
        if found.sequence:
            known = self.parameters.sequence
            if known and known != found.sequence:
                raise StreamError(f"{self._shown}: its resolution or coding was changed; connecting anew")
            self.parameters = found

    def _packets(self) -> Iterator[VideoPacket]:
        asked_s = time.monotonic()
        try:
            for packet in self._container.demux(self.video):
                if packet.size:  # an empty one only says that there are no more
                    yield packet
                asked_s = time.monotonic()
        except (FFmpegError, OSError) as error:
            silent_s = time.monotonic() - asked_s
            cause = f"no picture for {silent_s:.0f} s" if silent_s > READ_TIMEOUT_S / 2 else error.strerror
            raise StreamError(f"{self._shown}: {cause}") from None

    def _stamped(self) -> Iterator[VideoPacket]:
        waiting: list[VideoPacket] = []
        for packet in self._packets():
            if packet.dts is None:
                waiting.append(packet)
                if len(waiting) > UNSTAMPED_MAX:
                    raise StreamError(f"{self._shown}: its pictures carry no times")
                continue
            if waiting:
                stamp_before(waiting, packet, self._interval(packet))
                yield from waiting
                waiting.clear()
            yield packet

    def _interval(self, packet: VideoPacket) -> int:
        """Nominal time from one picture to the next, in units of the stream's time base."""
        if packet.duration:
            return packet.duration
        rate = self.video.average_rate or Fraction(25)
        return max(1, round(1 / (rate * packet.time_base)))

    def _picture(self, packet: VideoPacket) -> CodedPicture:
        now_s = time.monotonic()
        unit = packet.time_base
        assert packet.dts is not None
        if self._last is not None:
            last_dts, last_arrived_s = self._last
            forward_s = float((packet.dts - last_dts) * unit)
            if forward_s < -1 or forward_s - (now_s - last_arrived_s) > LEAP_S:
                raise StreamError(f"{self._shown}: the camera's clock leapt by {forward_s:.0f} s; connecting anew")
            packet.dts = max(packet.dts, last_dts + 1)
        self._last = packet.dts, now_s  # not the packet: whoever takes it changes its times
        packet.pts = packet.dts if packet.pts is None else max(packet.pts, packet.dts)
        return CodedPicture(
            packet,
            packet.is_keyframe,
            float(packet.pts * unit),
            float(self._interval(packet) * unit),
            now_s,
            _camera_at(packet),
        )


def stamp_before(waiting: list[VideoPacket], first: VideoPacket, interval: int) -> None:
    """Gives times to the pictures that came before the first that has any.

    Decoding times are counted back from it. One that lacks its own time is a key picture, shown before all others.

    Args:
        waiting: Pictures without decoding times, in their order.
        first: The picture behind them.
        interval: From one picture to the next, in units of the time base.
    """
    assert first.dts is not None
    earliest = min((packet.pts for packet in (*waiting, first) if packet.pts is not None), default=first.dts)
    unshown = sum(packet.pts is None for packet in waiting)
    for number, packet in enumerate(waiting):
        packet.dts = first.dts - interval * (len(waiting) - number)
        if packet.pts is None:
            packet.pts = max(packet.dts, earliest - interval * unshown)
            unshown -= 1


def parameter_sets(picture: bytes, codec: str) -> ParameterSets:
    """The parameter sets that stand before a picture.

    Args:
        picture: Coded picture with start codes (ITU-T H.264 and H.265, annex B).
        codec: `h264` or `hevc`.
    """
    sequence, others, slices = (7, (8,), range(1, 6)) if codec == "h264" else (33, (32, 34), range(32))
    found: dict[bytes, int] = {}
    begin = picture.find(_START) + len(_START)
    while len(_START) <= begin < len(picture):
        kind = picture[begin] & 31 if codec == "h264" else picture[begin] >> 1 & 63
        if kind in slices:
            break
        after = picture.find(_START, begin)
        if kind == sequence or kind in others:
            found[picture[begin : after if after >= 0 else len(picture)].rstrip(b"\0")] = kind
        begin = after + len(_START)
    units = {b"\0" + _START + unit: kind for unit, kind in found.items()}
    return ParameterSets(b"".join(units), b"".join(unit for unit, kind in units.items() if kind == sequence))


def _camera_at(packet: VideoPacket) -> datetime | None:
    """The camera's own time of a picture: FFmpeg's AVProducerReferenceTime, made of RTCP sender reports."""
    if not packet.has_sidedata("prft"):
        return None
    (microseconds,) = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
