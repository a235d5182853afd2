"""Cut: a clip out of segments, without decoding or coding anything again, that a browser plays.

    segments   ├─k────k────k────k─┤├k────k────k────┤      ├k────k────k────k─┤
    wanted               ├────────────────────────────────────┤
    clip             k────k────k─┤├k────k────k────┤ (still) ├k──┤

It begins with the key picture before the wanted time. Where nothing was recorded in between, the last picture stands
still: the clip keeps to the time of day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from streams.main_stream import VideoPacket
from streams.segment import Segment, coded_stream

MUXING = {"movflags": "faststart", "fflags": "+bitexact"}
"""The index in front: a browser plays it while it comes. The same segments give the same bytes."""
SEAM = timedelta(seconds=0.15)
"""Segments nearer to each other follow without a gap: the moments of both are only as exact as clocks are."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What was cut.

    Attributes:
        began: When its first picture was taken, UTC; a little before what was wanted, for it is a key picture.
        ended: When its last picture was over.
        missing_s: Seconds of the wanted time that it does not show.
        codec: `h264` or `hevc`.
    """

    began: datetime
    ended: datetime
    missing_s: float
    codec: str


class _Coding(NamedTuple):
    """What the pictures of a file have in common: codec, size and parameter sets."""

    codec: str
    size: tuple[int, int]
    parameters: bytes


def cut(folder: Path, segments: Sequence[Segment], began: datetime, ended: datetime, out: Path) -> Clip | None:
    """Cuts a clip out of the recordings of a camera.

    A file has one resolution: where the camera's was changed meanwhile, the longer part is taken.

    Args:
        folder: Folder of all recordings.
        segments: Recordings of about that time, in order.
        began: From when on.
        ended: Until when.
        out: The file to write, an MP4.

    Returns:
        What was cut; None where the segments show nothing of the time, or are gone.

    Raises:
        OSError: The file can't be written.
    """
    near = [segment for segment in segments if segment.began < ended and segment.ended > began]
    readable = [(segment, coding) for segment in near if (coding := _coding(folder / segment.file)) is not None]
    runs = [[segment for segment, _ in run] for _, run in groupby(readable, key=lambda pair: pair[1])]
    if not runs:
        return None
    run = max(runs, key=lambda one: _covered(one, began, ended))
    try:
        with av.open(str(out), "w", format="mp4", options=MUXING) as container:
            begins, ends = _copy(folder, run, began, ended, container)
    except FFmpegError as error:
        raise OSError(error.errno, error.strerror) from None
    missing = (ended - began) - _covered(run, began, ended)
    return Clip(begins, ends, round(max(0.0, missing.total_seconds() - SEAM.total_seconds()), 3), run[0].codec)


def _covered(segments: Sequence[Segment], began: datetime, ended: datetime) -> timedelta:
    """How much of a time segments show."""
    shown, until = timedelta(0), began
    for segment in segments:
        begins, ends = max(segment.began, until), min(segment.ended, ended)
        if ends > begins:
            shown += ends - begins
        until = max(until, ends)
    return shown


def _coding(path: Path) -> _Coding | None:
    """How the pictures of a file are coded; None where it can't be read."""
    try:
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            return _Coding(context.name, (context.width, context.height), context.extradata or b"")
    except (FFmpegError, OSError, IndexError):  # retention may have removed it just now
        return None


def _copy(
    folder: Path, segments: Sequence[Segment], began: datetime, ended: datetime, out: OutputContainer
) -> tuple[datetime, datetime]:
    """Copies the pictures of a time; says when the first was taken and the last was over."""
    video: VideoStream | None = None
    begins = ends = segments[0].began
    place = 0  # where the next picture belongs, in units of the time base
    for segment in segments:
        with av.open(str(folder / segment.file)) as container:
            source = container.streams.video[0]
            packets, moments = _between(container.demux(source), segment, began, ended)
            if not packets:
                continue
            unit = packets[0].time_base
            if video is None:
                video = coded_stream(out, source, source.codec_context.extradata)
                begins = ends = moments[0]
            gap = moments[0] - ends
            origin = (packets[0].dts or 0) - place - (round(gap.total_seconds() / unit) if gap > SEAM else 0)
            for packet, moment in zip(packets, moments, strict=True):
                assert packet.dts is not None
                assert packet.pts is not None
                lasts = packet.duration or 0
                ends = max(ends, moment + timedelta(seconds=float(lasts * unit)))
                packet.dts, packet.pts = packet.dts - origin, packet.pts - origin
                place = packet.dts + lasts
                packet.stream = video
                out.mux_one(packet)
    return begins, ends


def _between(
    demultiplexed: Iterator[VideoPacket], segment: Segment, began: datetime, ended: datetime
) -> tuple[list[VideoPacket], list[datetime]]:
    """The pictures of a segment from the key picture before a time until its end, and when each was taken."""
    packets = [packet for packet in demultiplexed if packet.dts is not None and packet.pts is not None]
    first = packets[0].pts or 0
    moments = [
        segment.began + timedelta(seconds=float(((packet.pts or 0) - first) * packet.time_base)) for packet in packets
    ]
    wanted = [number for number, moment in enumerate(moments) if moment < ended]
    keys = [number for number in wanted if packets[number].is_keyframe and moments[number] <= began]
    # In the order of decoding: what is shown later may be referred to by what is shown in time.
    chosen = slice(keys[-1] if keys else 0, wanted[-1] + 1 if wanted else 0)
    return packets[chosen], moments[chosen]
