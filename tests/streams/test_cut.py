from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streams.cut import Clip, cut
from streams.segment import Segment
from tests.streams.clips import street, write_clip
from tests.streams.footage import after, full_disk, recorded, recorded_on, shown

NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)


def clip_of(folder: Path, segments: list[Segment], begin_s: float, end_s: float) -> tuple[Clip, Path]:
    out = folder / "out.mp4"
    clip = cut(folder, segments, after(NOON, begin_s), after(NOON, end_s), out)
    assert clip is not None
    return clip, out


def pictures(path: Path) -> list[bytes]:
    """The decoded pictures of a file."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").tobytes() for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("begin_s", "end_s", "first", "last"),
    [
        (0, 4, 0, 99),
        (1.5, 2.5, 25, 62),
        (1.0, 1.04, 25, 25),
        (3.9, 4.1, 75, 102),
        (3.0, 9.0, 75, 224),
        (-5, 0.5, 0, 12),
        (11.5, 20, 275, 299),
    ],
)
def test_a_clip_shows_every_picture_of_its_time_from_the_key_picture_before(
    tmp_path: Path, clip: Path, begin_s: float, end_s: float, first: int, last: int
) -> None:
    segments = recorded_on(tmp_path, clip, NOON, 3)
    found, out = clip_of(tmp_path, segments, begin_s, end_s)
    original = pictures(clip)
    assert pictures(out) == [original[number % 100] for number in range(first, last + 1)]
    assert shown(out) == pytest.approx([number * 0.04 for number in range(last + 1 - first)])
    assert found.began == after(NOON, first * 0.04)
    assert found.ended == after(NOON, (last + 1) * 0.04)
    covered_s = min(end_s, 12) - max(begin_s, 0)
    assert found.missing_s == pytest.approx(max(0, end_s - begin_s - covered_s - 0.15), abs=0.001)


@pytest.mark.parametrize(("codec", "tag"), [("libx264", "avc1"), ("libx265", "hvc1")])
def test_a_browser_plays_it_while_it_comes(tmp_path: Path, codec: str, tag: str) -> None:
    source = write_clip(tmp_path / "clip.mp4", street(50), codec=codec)
    clip, out = clip_of(tmp_path, recorded_on(tmp_path, source, NOON, 2), 0.5, 3.5)
    content = out.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "the index stands in front"
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.codec_tag == tag
    assert clip.codec == ("h264" if codec == "libx264" else "hevc")
    assert len(shown(out)) == 88


def test_the_same_clip_twice_is_the_same_file(tmp_path: Path, clip: Path) -> None:
    segments = recorded_on(tmp_path, clip, NOON, 2)
    first = clip_of(tmp_path, segments, 1, 6)[1].read_bytes()
    assert clip_of(tmp_path, segments, 1, 6)[1].read_bytes() == first


def test_pictures_that_refer_to_later_ones_are_whole_to_the_end(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "b.mp4", street(100), b_frames=3)
    segments = recorded_on(tmp_path, source, NOON, 2)
    for end_s in (5.0, 5.04, 5.08, 5.12, 5.16):
        clip, out = clip_of(tmp_path, segments, 2.5, end_s)
        times = shown(out)
        assert [b - a for a, b in pairwise(times[:-3])] == pytest.approx([0.04] * (len(times) - 4))
        assert clip.began == after(NOON, 2)
        assert clip.ended >= after(NOON, end_s)
        assert len(times) >= (end_s - 2) * 25


def test_a_gap_stands_still_and_is_told(tmp_path: Path, clip: Path) -> None:
    first = recorded(tmp_path, clip, NOON)
    second = recorded(tmp_path, clip, after(NOON, 10))
    found, out = clip_of(tmp_path, [first, second], 2, 12)
    times = shown(out)
    steps = [b - a for a, b in pairwise(times)]
    assert max(steps) == pytest.approx(6.04)
    assert sorted(steps)[:-1] == pytest.approx([0.04] * (len(steps) - 1))
    assert found.missing_s == pytest.approx(6 - 0.15)
    assert times[-1] == pytest.approx(10 - 0.04)


def test_segments_that_overlap_by_a_clock_that_was_set_are_put_behind_each_other(tmp_path: Path, clip: Path) -> None:
    first = recorded(tmp_path, clip, NOON)
    second = recorded(tmp_path, clip, after(NOON, 3.5))
    found, out = clip_of(tmp_path, [first, second], 0, 7.5)
    assert [b - a for a, b in pairwise(shown(out))] == pytest.approx([0.04] * 199)
    assert found.missing_s == 0


def test_where_the_resolution_was_changed_the_longer_part_is_taken(tmp_path: Path, clip: Path) -> None:
    small = write_clip(tmp_path / "small.mp4", street(50, (160, 96)))
    segments = [recorded(tmp_path, small, NOON), recorded(tmp_path, clip, after(NOON, 2))]
    found, out = clip_of(tmp_path, segments, 0, 6)
    assert (found.began, found.ended) == (after(NOON, 2), after(NOON, 6))
    assert found.missing_s == pytest.approx(2 - 0.15)
    assert len(shown(out)) == 100


def test_of_nothing_there_is_no_clip(tmp_path: Path, clip: Path) -> None:
    segment = recorded(tmp_path, clip, NOON)
    out = tmp_path / "out.mp4"
    assert cut(tmp_path, [], NOON, after(NOON, 5), out) is None
    assert cut(tmp_path, [segment], after(NOON, 5), after(NOON, 6), out) is None
    (tmp_path / segment.file).unlink()
    assert cut(tmp_path, [segment], NOON, after(NOON, 5), out) is None
    assert not out.exists()


def test_a_segment_that_went_meanwhile_is_a_gap(tmp_path: Path, clip: Path) -> None:
    segments = recorded_on(tmp_path, clip, NOON, 3)
    (tmp_path / segments[1].file).unlink()
    found, out = clip_of(tmp_path, segments, 0, 12)
    assert found.missing_s == pytest.approx(4 - 0.15)
    assert shown(out)[-1] == pytest.approx(12 - 0.04)


def test_a_disk_that_is_full_is_told(tmp_path: Path, clip: Path) -> None:
    segments = recorded_on(tmp_path, clip, NOON, 3)
    with full_disk(5_000), pytest.raises(OSError, match="File too large"):
        cut(tmp_path, segments, NOON, after(NOON, 12), tmp_path / "out.mp4")
