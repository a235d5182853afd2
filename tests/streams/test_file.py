import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from streams.errors import SourceEnded, StreamError, StreamRefused
from streams.frame import Frame
from streams.sources.file import FileSource
from tests.streams.clips import plain, street, write_clip


def read_on(source: FileSource, frames: list[Frame], most: int = 10_000) -> None:
    opened = source.open("file")
    try:
        while len(frames) < most:
            frames.append(opened.read())
    finally:
        opened.close()


def frames_of(source: FileSource, most: int = 10_000) -> list[Frame]:
    frames: list[Frame] = []
    with suppress(SourceEnded):
        read_on(source, frames, most)
    return frames


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_every_picture_comes_with_the_containers_time(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"a.{suffix}", street(30, fps=10), fps=10)
    frames = frames_of(FileSource(path=clip))
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == pytest.approx([n / 10 for n in range(30)], abs=0.002)
    assert {frame.size for frame in frames} == {(320, 180)}
    assert not frames[0].image.flags.writeable


def test_the_pictures_are_the_right_ones(tmp_path: Path) -> None:
    images = street(3)
    frames = frames_of(FileSource(path=write_clip(tmp_path / "a.mp4", images)))
    for frame, image in zip(frames, images, strict=True):
        assert np.abs(frame.image.astype(int) - image).mean() < 6


def test_a_variable_rate_is_kept(tmp_path: Path) -> None:
    ticks = [0, 40, 80, 500, 540, 2000]
    clip = write_clip(tmp_path / "a.mkv", street(6), ticks=ticks)
    assert [frame.time_s for frame in frames_of(FileSource(path=clip))] == pytest.approx([t / 1000 for t in ticks])


def test_start_is_the_time_of_the_first_picture(clip: Path) -> None:
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    opened = FileSource(path=clip).open("file", start)
    assert [opened.read().captured_at - start for _ in range(2)] == [timedelta(0), timedelta(milliseconds=40)]
    opened.close()


def test_without_start_the_recording_ended_when_the_file_was_written(clip: Path) -> None:
    last = frames_of(FileSource(path=clip))[-1]
    written = datetime.fromtimestamp(clip.stat().st_mtime, UTC)
    assert abs(last.captured_at - written) < timedelta(seconds=0.1)


def test_says_how_many_pictures_to_expect(clip: Path) -> None:
    opened = FileSource(path=clip).open("file")
    assert opened.expected_frames == 100
    opened.close()
    opened = FileSource(path=clip, loop=True).open("file")
    assert opened.expected_frames is None
    opened.close()


def test_loop_begins_anew_and_the_clock_goes_on(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", street(10, fps=10), fps=10)
    frames = frames_of(FileSource(path=clip, loop=True), most=25)
    assert [frame.time_s for frame in frames] == pytest.approx([n / 10 for n in range(25)], abs=0.002)
    assert [frame.index for frame in frames] == list(range(25))
    assert np.array_equal(frames[3].image, frames[13].image)


def test_at_the_real_pace_a_picture_comes_when_it_is_due(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", street(10, fps=10), fps=10)
    opened = FileSource(path=clip, pace="real").open("file")
    began = time.monotonic()
    for _ in range(10):
        frame = opened.read()
        assert time.monotonic() - began > frame.time_s - 0.05
    opened.close()


# Annex B has no time stamps and, as it is just bytes, lets itself be joined: a stream that changes on its way.
def test_another_resolution_on_the_way_goes_on_with_whole_pictures(tmp_path: Path) -> None:
    large = write_clip(tmp_path / "large.h264", plain(20, (200, 80, 20), (320, 180)))
    small = write_clip(tmp_path / "small.h264", plain(20, (20, 200, 80), (160, 90)))
    both = tmp_path / "both.h264"
    both.write_bytes(large.read_bytes() + small.read_bytes())
    frames = frames_of(FileSource(path=both))
    assert len(frames) == 40
    assert all(b.time_s > a.time_s for a, b in pairwise(frames))
    corners = frames[-1].image[[2, 2, -3, -3], [2, -3, 2, -3]].astype(int)
    assert np.abs(corners - (20, 200, 80)).max() < 12


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(StreamRefused, match=r"nix\.mp4: no such file"):
        FileSource(path=tmp_path / "nix.mp4").open("file")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(StreamRefused, match="is a directory"):
        FileSource(path=tmp_path).open("file")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(StreamRefused, match=r"is empty \(0 bytes\)"):
        FileSource(path=tmp_path / "a.mp4").open("file")


@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.avi"])
def test_text_is_no_video(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Not a video.\n" * 300)
    with pytest.raises(StreamRefused, match="is not a video"):
        FileSource(path=tmp_path / name).open("file")


def test_a_file_without_its_index_is_refused(tmp_path: Path, clip: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(StreamRefused, match="cut off before its index"):
        FileSource(path=cut).open("file")


@pytest.mark.parametrize(("name", "muxing"), [("a.mp4", {"movflags": "faststart"}), ("a.mkv", None)])
def test_a_truncated_file_gives_all_it_has_and_then_says_so(
    tmp_path: Path, name: str, muxing: dict[str, str] | None
) -> None:
    whole = write_clip(tmp_path / name, street(100), muxing=muxing)
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) * 6 // 10])
    frames: list[Frame] = []
    with pytest.raises(StreamError, match=r"truncated after \d+ of 100 frames") as raised:
        read_on(FileSource(path=whole), frames)
    assert not isinstance(raised.value, StreamRefused)
    assert 30 < len(frames) < 90
    assert f"after {len(frames)} of" in str(raised.value)


def test_a_file_that_can_not_be_read_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    assert FileSource(path=file).missing() == {"path": f"{file}: no such file"}
    file.touch()
    assert FileSource(path=file).missing() == {"path": f"{file}: is empty (0 bytes)"}
    file.write_bytes(b"whether it is a video is not asked")
    assert FileSource(path=file).missing() == {}
