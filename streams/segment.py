"""Segment: a few seconds of a camera's main stream in a file of its own, and how it is written, mended and read.

    RECORDINGS / CAMERA / 20261124 / 071509.120.mp4           whole; day and time are UTC
                                     071519.140.part.mp4      being written, or left by a crash
                                     071529.020.broken        nothing in it can be read

A file is fragmented MP4: a header, then fragments of at most a second, each written at once. Whatever ends the
program, all fragments but the last are whole; cutting off what is behind them mends the file:

    ftyp moov │ moof mdat │ moof mdat │ moof mda…            ← cut here: ┤moof mda…
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from streams.errors import StreamError
from streams.main_stream import CodedPicture

PART, BROKEN = ".part.mp4", ".broken"
MUXING = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+skip_trailer",
    "frag_duration": "1000000",
    "flush_packets": "1",
}
HEVC_TAG = "hvc1"
"""The name of H.265 that browsers and Apple's players know; FFmpeg's own choice, `hev1`, is refused by many."""
BOX = struct.Struct(">I4s")
Clock = Literal["camera", "arrival"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A whole segment on disk.

    Attributes:
        camera: Id of the camera.
        file: Path in the folder of all recordings, with `/`.
        began: When its first picture was taken, UTC.
        ended: When its last picture was over, UTC.
        bytes: Size of the file.
        codec: `h264` or `hevc`.
        key_pictures: How many pictures it can be cut at.
        clock: By whose clock: the camera's own (RTCP), or the time of arrival here.
    """

    camera: str
    file: str
    began: datetime
    ended: datetime
    bytes: int
    codec: str
    key_pictures: int
    clock: Clock


def file_of(camera: str, began: datetime) -> Path:
    """Where a segment belongs, in the folder of all recordings."""
    at = began.astimezone(UTC)
    return Path(camera, f"{at:%Y%m%d}", f"{at:%H%M%S}.{at.microsecond // 1000:03d}.mp4")


def began_of(file: Path) -> datetime:
    """When a segment began, by its name.

    Raises:
        ValueError: The file has another sort of name.
    """
    time = file.name.removesuffix(PART).removesuffix(BROKEN).removesuffix(".mp4")
    return datetime.strptime(f"{file.parent.name} {time}000 +0000", "%Y%m%d %H%M%S.%f %z")


class _WholeWrites:
    """A file for FFmpeg that takes every byte or fails for good: nothing is written behind a gap."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self.failure: OSError | None = None
        self.size = 0

    def write(self, chunk: bytes) -> int:
        """Writes all of a chunk.

        Raises:
            OSError: The disk is full, or gone.
        """
        if self.failure:
            raise self.failure
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.failure = error
            raise
        self.size += len(chunk)
        return len(chunk)

    def close(self, *, keep: bool) -> None:
        """Closes the file; one to keep is then safe from a loss of power.

        Raises:
            OSError: What was written did not reach the disk.
        """
        with self._file:
            if keep:
                os.fsync(self._file.fileno())


class SegmentWriter:
    """Writes one segment, from a key picture on. Used by one thread.

    Args:
        folder: Folder of all recordings.
        camera: Id of the camera.
        video: FFmpeg's description of the stream that the pictures come from.
        parameters: Its parameter sets.
        began: About when the first picture was taken; the final name is given at the end, when that is known better.

    Raises:
        OSError: There can be no such file.
    """

    def __init__(self, folder: Path, camera: str, video: VideoStream, parameters: bytes, began: datetime) -> None:
        self._folder = folder
        self._camera = camera
        self._codec = video.codec_context.name
        self._part = _free(folder / file_of(camera, began), PART)
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self._file = _WholeWrites(self._part)
        self._container = av.open(self._file, "w", format="mp4", options=MUXING)
        self._video = coded_stream(self._container, video, parameters)
        self._origin = 0
        self._first: CodedPicture | None = None
        self._end_s = 0.0
        self._keys = 0

    @property
    def failure(self) -> OSError | None:
        """Why it can't be written on, also after `close`."""
        return self._file.failure

    @property
    def length_s(self) -> float:
        """Seconds from the first picture to the end of the last so far."""
        return self._end_s - self._first.time_s if self._first else 0.0

    def write(self, picture: CodedPicture) -> None:
        """Adds a picture. Its packet is used up.

        Raises:
            OSError: The disk is full, or gone.
            StreamError: The picture is none.
        """
        packet = picture.packet
        assert packet.dts is not None
        assert packet.pts is not None
        if self._first is None:
            self._first, self._origin = picture, packet.dts
        self._end_s = max(self._end_s, picture.time_s + picture.duration_s)
        self._keys += picture.key
        packet.pts, packet.dts = packet.pts - self._origin, packet.dts - self._origin
        packet.stream = self._video
        try:
            self._container.mux_one(packet)
        except FFmpegError as error:
            if self._file.failure:
                raise self._file.failure from None
            raise StreamError(f"camera {self._camera!r}: a picture can't be written: {error.strerror}") from None

    def close(self, epoch: datetime, clock: Clock) -> Segment | None:
        """Ends the segment and puts it into its place; what could not be written whole is cut off: see `failure`.

        Args:
            epoch: The moment of 0 on the stream's clock.
            clock: Whose clock that was read from.

        Returns:
            The segment; None where nothing of it could be kept.

        Raises:
            OSError: The disk is full or gone, and the segment is not in its place.
        """
        whole = self._first is not None
        try:
            self._container.close()  # writes the last fragment
        except (OSError, FFmpegError):
            whole = False
        whole = whole and self._file.failure is None
        self._file.close(keep=whole)
        if whole and self._first is not None:
            began = epoch + timedelta(seconds=self._first.time_s)
            ended = epoch + timedelta(seconds=self._end_s)
            place = _put(self._part, self._folder / file_of(self._camera, began))
            file = place.relative_to(self._folder).as_posix()
            return Segment(self._camera, file, began, ended, self._file.size, self._codec, self._keys, clock)
        return mended(self._folder, self._part)


def coded_stream(container: OutputContainer, video: VideoStream, parameters: bytes | None) -> VideoStream:
    """A stream of an MP4 file that takes the coded pictures of another as they are, named as players know it.

    Args:
        container: The file.
        video: The other stream.
        parameters: Its parameter sets.
    """
    stream = container.add_stream_from_template(video, opaque=True)
    stream.codec_context.extradata = parameters
    if video.codec_context.name == "hevc":
        stream.codec_context.codec_tag = HEVC_TAG
    return stream


def whole_size(file: BinaryIO) -> int:
    """How many bytes from the beginning of a fragmented MP4 are header and whole fragments (ISO/IEC 14496-12).

    0 where there is not one whole fragment.
    """
    size = file.seek(0, os.SEEK_END)
    place = whole = 0
    in_fragment = False
    for kind, end in _boxes(file, size):
        if kind == b"moof":
            in_fragment = True
        elif kind == b"mdat" and in_fragment:
            whole, in_fragment = end, False
        place = end
    assert place <= size
    return whole


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Kinds of the whole boxes of a file, and where each ends."""
    place = 0
    while place + BOX.size <= size:
        file.seek(place)
        length, kind = BOX.unpack(file.read(BOX.size))
        place += length
        if length < BOX.size or place > size:
            return
        yield kind, place


def mended(folder: Path, part: Path) -> Segment | None:
    """Makes a whole segment of one that was left unfinished, as far as it goes.

    Args:
        folder: Folder of all recordings.
        part: The unfinished file.

    Returns:
        The segment; None where there is none. A file that was only begun is removed, one that is none of ours, or
        damaged, is called `.broken` from now on.

    Raises:
        OSError: The disk does not allow it.
    """
    with part.open("r+b") as file:
        whole = whole_size(file)
        file.seek(0)
        begun = file.read(BOX.size)[4:] in (b"", b"ftyp")
        if whole:
            file.truncate(whole)
            os.fsync(file.fileno())
    if not whole and begun:
        part.unlink()
        return None
    try:
        segment = read_segment(folder, part)
    except ValueError:
        part.replace(part.with_name(part.name.removesuffix(PART) + BROKEN))
        return None
    place = _put(part, part.with_name(part.name.removesuffix(PART) + ".mp4"))
    return replace(segment, file=place.relative_to(folder).as_posix())


def read_segment(folder: Path, path: Path) -> Segment:
    """What a segment's file says of itself: nothing is decoded. By whose clock it is named is not known any more.

    Raises:
        ValueError: It can't be read, or is no recording of ours.
        OSError: It is not there.
    """
    times: list[float] = []
    keys, end_s = 0, 0.0
    size = path.stat().st_size
    try:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            codec = video.codec_context.name
            for packet in container.demux(video):
                if packet.size and packet.pts is not None:
                    times.append(float(packet.pts * packet.time_base))
                    end_s = max(end_s, times[-1] + float((packet.duration or 0) * packet.time_base))
                    keys += packet.is_keyframe
    except (FFmpegError, IndexError) as error:
        raise ValueError(f"{path} can't be read as a recording") from error
    if not keys:
        raise ValueError(f"{path} holds no picture")
    began = began_of(path)
    camera = path.relative_to(folder).parts[0]
    ended = began + timedelta(seconds=end_s - times[0])
    return Segment(camera, path.relative_to(folder).as_posix(), began, ended, size, codec, keys, "arrival")


def _free(place: Path, suffix: str = ".mp4") -> Path:
    """The place, or where something is there already, the next one a millisecond later."""
    while (free := place.with_name(place.name.removesuffix(".mp4") + suffix)).exists():
        place = place.parents[2] / file_of(place.parts[-3], began_of(place) + timedelta(milliseconds=1))
    return free


def _put(part: Path, place: Path) -> Path:
    """Renames a file that is whole, over no other, so that a loss of power does not undo it."""
    place = _free(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    part.rename(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return place
