import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streams.segment import BROKEN, PART, began_of, file_of, mended, read_segment, whole_size
from tests.streams.clips import street, write_clip
from tests.streams.footage import after, full_disk, recorded, shown, writing, written

NOON = datetime(2026, 11, 24, 5, 0, 0, 120_000, tzinfo=UTC)


def boxes(path: Path) -> list[str]:
    found, content, place = [], path.read_bytes(), 0
    while place < len(content):
        found.append(content[place + 4 : place + 8].decode())
        place += int.from_bytes(content[place : place + 4])
    return found


@pytest.mark.parametrize(("codec", "tag"), [("h264", "avc1"), ("hevc", "hvc1")])
def test_a_segment_is_the_cameras_own_pictures_in_fragments(
    tmp_path: Path, clip: Path, hevc_clip: Path, codec: str, tag: str
) -> None:
    source = clip if codec == "h264" else hevc_clip
    segment = recorded(tmp_path, source, NOON)
    assert segment.file == "road/20261124/050000.120.mp4"
    path = tmp_path / segment.file
    assert (segment.codec, segment.bytes, segment.clock) == (codec, path.stat().st_size, "arrival")
    assert segment.ended - segment.began == timedelta(seconds=4 if codec == "h264" else 2)
    assert segment.key_pictures == (4 if codec == "h264" else 2)
    assert boxes(path) == ["ftyp", "moov", *["moof", "mdat"] * segment.key_pictures]
    with av.open(str(path)) as copy, av.open(str(source)) as original:
        assert copy.streams.video[0].codec_context.codec_tag == tag
        assert [bytes(one) for one in copy.demux(video=0)] == [bytes(one) for one in original.demux(video=0)]


def test_pictures_in_another_order_than_they_are_shown_stay_so(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "b.mp4", street(75), b_frames=3)
    segment = recorded(tmp_path, clip, NOON)
    assert segment.ended - segment.began == timedelta(seconds=3)
    times = shown(tmp_path / segment.file)
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.04] * 74)


def test_a_segment_can_be_read_again(tmp_path: Path, clip: Path) -> None:
    segment = recorded(tmp_path, clip, NOON)
    assert read_segment(tmp_path, tmp_path / segment.file) == segment


def test_two_segments_of_the_same_moment_do_not_meet(tmp_path: Path, clip: Path) -> None:
    first, second = recorded(tmp_path, clip, NOON), recorded(tmp_path, clip, NOON)
    assert [first.file, second.file] == ["road/20261124/050000.120.mp4", "road/20261124/050000.121.mp4"]
    assert shown(tmp_path / first.file) == shown(tmp_path / second.file)


def test_the_name_is_of_the_moment_that_is_known_at_the_end(tmp_path: Path, clip: Path) -> None:
    with writing(tmp_path, clip, NOON) as (writer, pictures):
        written(writer, pictures)
        assert [path.name for path in tmp_path.rglob("*.mp4")] == [f"050000.120{PART}"]
        segment = writer.close(after(NOON, 24 * 3600 - 0.5), "camera")
    assert segment is not None
    assert segment.file == "road/20261125/045959.620.mp4"
    assert segment.clock == "camera"
    assert [path.name for path in tmp_path.rglob("*.mp4")] == ["045959.620.mp4"]


@pytest.mark.parametrize("milliseconds", [0, 7, 999])
def test_a_name_tells_its_moment(milliseconds: int) -> None:
    moment = NOON.replace(microsecond=milliseconds * 1000)
    assert began_of(file_of("road", moment)) == moment


@pytest.mark.parametrize("name", ["readme.txt", "050000.mp4", "xx0000.120.mp4", "256199.120.mp4"])
def test_other_names_tell_none(name: str) -> None:
    with pytest.raises(ValueError, match="time data"):
        began_of(Path("road", "20261124", name))


def cut_off(tmp_path: Path, clip: Path, share: float) -> Path:
    """A segment that breaks off after a share of its bytes, as a crash leaves it."""
    whole = tmp_path / recorded(tmp_path, clip, NOON).file
    part = whole.with_name(f"050000.120{PART}")
    part.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    whole.unlink()
    return part


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.999, 1.0])
def test_of_a_segment_that_breaks_off_all_whole_fragments_are_kept(tmp_path: Path, clip: Path, share: float) -> None:
    part = cut_off(tmp_path, clip, share)
    before = part.stat().st_size
    segment = mended(tmp_path, part)
    assert segment is not None
    assert segment.file == "road/20261124/050000.120.mp4"
    assert not part.exists()
    times = shown(tmp_path / segment.file)
    assert times == pytest.approx([number * 0.04 for number in range(len(times))])
    assert len(times) == round((segment.ended - segment.began).total_seconds() * 25)
    assert len(times) % 25 == 0, "fragments of this clip are of a second each"
    assert segment.bytes <= before
    assert share < 1 or len(times) == 100


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x1cftypiso5", b"\0\0\0\x1cftypiso5" + b"x" * 20 + b"\xff" * 500])
def test_a_segment_that_was_only_begun_is_removed(tmp_path: Path, content: bytes) -> None:
    part = tmp_path / f"road/20261124/050000.120{PART}"
    part.parent.mkdir(parents=True)
    part.write_bytes(content)
    assert mended(tmp_path, part) is None
    assert list(part.parent.iterdir()) == []


def test_what_can_not_be_read_is_marked(tmp_path: Path, clip: Path) -> None:
    part = cut_off(tmp_path, clip, 0.9)
    content = bytearray(part.read_bytes())
    content[4:100] = bytes(96)
    part.write_bytes(content)
    assert mended(tmp_path, part) is None
    assert [path.name for path in part.parent.iterdir()] == [f"050000.120{BROKEN}"]


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"", 0),
        (b"\0\0\0\x08ftyp\0\0\0\x08moov", 0),
        (b"\0\0\0\x08moof\0\0\0\x0cmdatabcd", 20),
        (b"\0\0\0\x08moof\0\0\0\x0cmdatabc", 0),
        (b"\0\0\0\x08moof\0\0\0\x08mdat\0\0\0\x08moof\0\0\0\x08m", 16),
        (b"\0\0\0\x08moof\0\0\0\x08mdat\0\0\0\x08mdat", 16),
        (b"\0\0\0\x08moof\0\0\0\x08mdat\0\0\0\x07moof", 16),
    ],
)
def test_only_whole_fragments_count(content: bytes, size: int) -> None:
    assert whole_size(io.BytesIO(content)) == size


def test_a_full_disk_is_an_error_and_what_was_written_is_kept(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "long.mp4", street(250))
    with writing(tmp_path, clip, NOON) as (writer, pictures), full_disk(60_000):
        with pytest.raises(OSError, match="File too large"):
            written(writer, pictures)
        segment = writer.close(NOON, "camera")
    assert segment is not None
    assert list((tmp_path / "road/20261124").iterdir()) == [tmp_path / segment.file]
    times = shown(tmp_path / segment.file)
    assert 25 <= len(times) < 250
    assert segment.ended - segment.began == timedelta(seconds=len(times) / 25)


def test_where_nothing_fits_nothing_is_left(tmp_path: Path, clip: Path) -> None:
    with writing(tmp_path, clip, NOON) as (writer, pictures), full_disk(100):
        with pytest.raises(OSError, match="File too large"):
            written(writer, pictures)
        assert writer.close(NOON, "camera") is None
    assert list((tmp_path / "road/20261124").iterdir()) == []


def test_an_empty_segment_leaves_nothing(tmp_path: Path, clip: Path) -> None:
    with writing(tmp_path, clip, NOON) as (writer, _):
        assert writer.close(NOON, "camera") is None
    assert list((tmp_path / "road/20261124").iterdir()) == []
