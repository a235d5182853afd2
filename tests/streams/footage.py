"""Recordings that tests make of clips, without a camera."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import av

from streams.main_stream import CodedPicture
from streams.segment import Segment, SegmentWriter


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
