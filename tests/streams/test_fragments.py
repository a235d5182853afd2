import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from streams.fragments import Fragment, codec_name
from tests.streams.clips import numbered, street, write_clip
from tests.streams.footage import Footage, decoded, fragments


@pytest.mark.parametrize(
    ("codec", "name"), [("libx264", r"avc1\.64[0-9A-F]{4}"), ("libx265", r"hvc1\.1\.6\.L\d+(\..+)?")]
)
def test_every_picture_is_a_fragment_with_the_cameras_own_bytes(tmp_path: Path, codec: str, name: str) -> None:
    clip = write_clip(tmp_path / "clip.mp4", street(60), codec=codec)
    made = fragments(clip)
    assert len(made) == 60
    assert [number for number, one in enumerate(made) if one.key] == [0, 25, 50]
    assert [one.number for one in made] == list(range(1, 61))
    assert len({id(one.video) for one in made}) == 1
    video = made[0].video
    assert re.fullmatch(name, video.codec)
    assert video.size == (320, 180)
    for one in made:
        assert one.content[4:8] == b"moof"
        assert b"mdat" in one.content
        assert one.content.count(b"moof") == 1
    whole = io.BytesIO(video.header + b"".join(one.content for one in made))
    with av.open(whole, "r") as copy, av.open(str(clip)) as original:
        assert [bytes(one) for one in copy.demux(video=0) if one.size] == [
            bytes(one) for one in original.demux(video=0) if one.size
        ]


def test_decoding_can_begin_with_every_key_picture_and_misses_none(tmp_path: Path) -> None:
    made = fragments(write_clip(tmp_path / "numbered.mp4", numbered(80)))
    assert decoded(made) == list(range(80))
    assert decoded(made[25:]) == list(range(25, 80))
    assert decoded(made[75:]) == list(range(75, 80))


def test_pictures_that_refer_to_later_ones_are_shown_in_their_order(tmp_path: Path) -> None:
    made = fragments(write_clip(tmp_path / "numbered.mp4", numbered(60), b_frames=3))
    assert decoded(made) == list(range(60))


def test_times_count_from_the_first_picture(tmp_path: Path) -> None:
    made = fragments(write_clip(tmp_path / "clip.mp4", street(30)), skip=25)
    with av.open(io.BytesIO(made[0].video.header + b"".join(one.content for one in made)), "r") as copy:
        times = [float(frame.time) for frame in copy.decode(video=0)]
    assert times == pytest.approx([number * 0.04 for number in range(5)], abs=0.001)


def test_it_says_when_its_first_picture_came(clip: Path) -> None:
    footage = Footage(clip)
    pictures = footage.pictures(arrived_s=-60.0)
    muxer = footage.fragmenter(pictures[0])
    assert datetime.now(UTC) - muxer.video.began_at > timedelta(seconds=59)
    muxer.close(1)


def test_what_others_do_with_a_packet_is_nothing_to_its_copy(clip: Path) -> None:
    footage = Footage(clip)
    packets = footage.packets()
    before = footage.pictures()
    for packet in packets:
        packet.pts = packet.dts = None
    muxer = footage.fragmenter(before[0])
    made = [muxer.put(one, number) for number, one in enumerate(before)]
    assert sum(one is not None for one in made) == len(before) - 1
    last: Fragment | None = muxer.close(len(before))
    assert last is not None
    assert muxer.close(0) is None


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (b"avcC\x01\x64\x00\x1f\xff", "avc1.64001F"),
        (b"avcC\x01\x42\xc0\x1e\xff", "avc1.42C01E"),
        # The examples of ISO/IEC 14496-15, annex E, and of browsers' documentation.
        (b"hvcC\x01\x01\x60\x00\x00\x00\xb0\x00\x00\x00\x00\x00\x5d", "hvc1.1.6.L93.B0"),
        (b"hvcC\x01\x22\x20\x00\x00\x00\x90\x00\x00\x00\x00\x00\x7b", "hvc1.2.4.H123.90"),
        (b"hvcC\x01\x44\x08\x00\x00\x00\x00\x01\x00\x00\x00\x00\x96", "hvc1.A4.10.L150.0.1"),
    ],
)
def test_names_of_codecs(record: bytes, name: str) -> None:
    assert codec_name(b"\0\0\0\x18ftyp....moov" + record) == name


def test_other_codecs_have_no_name() -> None:
    with pytest.raises(ValueError, match="neither"):
        codec_name(b"....ftyp....moovmp4v")
