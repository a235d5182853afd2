"""Recordings that tests make of clips, without a camera."""

import io
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import av
import numpy as np

from streams.fragments import Fragment, Fragmenter, KeptPicture
from streams.main_stream import CodedPicture, MainStream, ParameterSets, VideoPacket
from streams.segment import Segment, SegmentWriter
from tests.streams.clips import number_of


@contextmanager
def writing(
    folder: Path, clip: Path, began: datetime, camera: str = "road"
) -> Iterator[tuple[SegmentWriter, Iterator[CodedPicture]]]:
    """A segment that is being written, and the pictures of the clip that can go into it."""
    with av.open(str(clip)) as container:
        video = container.streams.video[0]

        def pictures() -> Iterator[CodedPicture]:
            for packet in container.demux(video):
                if packet.size:
                    assert packet.pts is not None
                    unit = packet.time_base
                    shown_s, for_s = float(packet.pts * unit), float((packet.duration or 0) * unit)
                    yield CodedPicture(packet, packet.is_keyframe, shown_s, for_s, 0.0, None)

        yield SegmentWriter(folder, camera, video, video.codec_context.extradata or b"", began), pictures()


def written(writer: SegmentWriter, pictures: Iterator[CodedPicture]) -> None:
    """Writes all pictures."""
    for picture in pictures:
        writer.write(picture)


def recorded(folder: Path, clip: Path, began: datetime, camera: str = "road") -> Segment:
    """The clip as one segment."""
    with writing(folder, clip, began, camera) as (writer, pictures):
        written(writer, pictures)
        segment = writer.close(began, "arrival")
        assert segment is not None
        return segment


def recorded_on(folder: Path, clip: Path, began: datetime, count: int, camera: str = "road") -> list[Segment]:
    """The clip over and over, as segments one after the other."""
    segments: list[Segment] = []
    for _ in range(count):
        segments.append(recorded(folder, clip, began, camera))
        began += segments[-1].ended - segments[-1].began
    return segments


def shown(path: Path) -> list[float]:
    """When the pictures of a file are shown, in order, s. All are decoded: none may be damaged."""
    with av.open(str(path)) as container:
        return sorted(float(frame.time) for frame in container.decode(video=0))


@contextmanager
def full_disk(largest: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def after(moment: datetime, seconds: float) -> datetime:
    """So many seconds later."""
    return moment + timedelta(seconds=seconds)


class Footage:
    """A clip that stands where a connection to a camera stands: its pictures come again and again."""

    def __init__(self, clip: Path) -> None:
        self._container = av.open(str(clip))
        self.video = self._container.streams.video[0]
        self.parameters = ParameterSets(self.video.codec_context.extradata or b"", b"")
        self._packets = [packet for packet in self._container.demux(self.video) if packet.size]

    @property
    def stream(self) -> MainStream:
        """Itself, in the place of the connection."""
        return cast(MainStream, self)

    def packets(self) -> list[VideoPacket]:
        """Its packets, as FFmpeg gave them."""
        return self._packets

    def coded(self, number: int, arrived_s: float = 0.0) -> CodedPicture:
        """Its picture of a number; behind the last one the clip begins anew, and its times count on."""
        laps, place = divmod(number, len(self._packets))
        packet = self._packets[place]
        assert packet.pts is not None
        assert packet.dts is not None
        lap = sum(one.duration or 0 for one in self._packets) * laps
        copy = cast(VideoPacket, av.Packet(bytes(packet)))
        copy.pts, copy.dts, copy.duration = packet.pts + lap, packet.dts + lap, packet.duration
        copy.time_base, copy.is_keyframe = packet.time_base, packet.is_keyframe
        unit = packet.time_base
        return CodedPicture(
            copy,
            copy.is_keyframe,
            float((packet.pts + lap) * unit),
            float((packet.duration or 0) * unit),
            arrived_s,
            None,
        )

    def pictures(self, arrived_s: float = 0.0) -> list[KeptPicture]:
        """All its pictures, once. `arrived_s` is that of the first, counted from now."""
        began = time.monotonic() + arrived_s
        return [KeptPicture.of(self.coded(number, began + number / 25)) for number in range(len(self._packets))]

    def fragmenter(self, first: KeptPicture) -> Fragmenter:
        """What makes fragments of its pictures."""
        return Fragmenter(self.video, self.parameters.all, first)


def fragments(clip: Path, skip: int = 0) -> list[Fragment]:
    """The pictures of a clip as fragments, without the first `skip`."""
    footage = Footage(clip)
    pictures = footage.pictures()[skip:]
    muxer = footage.fragmenter(pictures[0])
    made = [muxer.put(picture, number) for number, picture in enumerate(pictures)]
    made.append(muxer.close(len(pictures)))
    return [one for one in made if one is not None]


def decoded(made: Sequence[Fragment]) -> list[int]:
    """The numbers that the pictures of fragments carry, as a player shows them. All are decoded: none is damaged."""
    return decoded_numbers(made[0].video.header + b"".join(one.content for one in made))


def decoded_numbers(content: bytes) -> list[int]:
    """The numbers that the pictures of an MP4 carry."""
    with av.open(io.BytesIO(content), "r") as container:
        return [number_of(frame.to_ndarray(format="bgr24").astype(np.uint8)) for frame in container.decode(video=0)]
