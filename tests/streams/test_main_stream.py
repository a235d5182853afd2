import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import cast

import pytest
from av.packet import Packet

from benchmarks.scenarios import free_port
from streams.errors import StreamError, StreamRefused
from streams.main_stream import CodedPicture, MainStream, VideoPacket, parameter_sets, stamp_before
from streams.record import Record
from tests.conftest import RtspCamera
from tests.streams.clips import street, write_clip

StartCamera = Callable[..., RtspCamera]
START = b"\0\0\0\1"


def packet(pts: int | None, dts: int | None) -> VideoPacket:
    made = cast(VideoPacket, Packet(b"picture"))
    made.pts, made.dts = pts, dts
    return made


def seen(record: Record, count: int) -> list[CodedPicture]:
    stream = MainStream(record)
    try:
        return list(islice(stream.pictures(), count))
    finally:
        stream.close()


def test_pictures_come_coded_from_a_key_picture_on(rtsp_camera: StartCamera) -> None:
    pictures = seen(Record(url=rtsp_camera().url()), 100)
    assert [picture.key for picture in pictures[:26]] == [True, *[False] * 24, True]
    assert [picture.time_s for picture in pictures] == pytest.approx([number * 0.04 for number in range(100)])
    assert {picture.duration_s for picture in pictures} == {0.04}
    told = [picture for picture in pictures if picture.camera_at is not None]
    assert told, "the camera sends RTCP"
    for picture in told:
        assert picture.camera_at is not None
        assert abs(picture.camera_at - datetime.now(UTC)) < timedelta(seconds=10)
    first, last = told[0].camera_at, told[-1].camera_at
    assert first is not None
    assert last is not None
    assert (last - first).total_seconds() == pytest.approx((len(told) - 1) * 0.04, abs=0.1)


def test_h265_and_its_parameter_sets(rtsp_camera: StartCamera, hevc_clip: Path) -> None:
    stream = MainStream(Record(url=rtsp_camera(hk=hevc_clip).url("hk")))
    assert stream.codec == "hevc"
    pictures = list(islice(stream.pictures(), 30))
    stream.close()
    assert pictures[25].key
    assert stream.parameters.all.count(START) == 3
    assert stream.parameters.sequence.startswith(START + b"\x42\x01")


def test_pictures_that_refer_to_later_ones_keep_both_orders(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    url = rtsp_camera(kept=write_clip(tmp_path / "kept.mp4", street(100), b_frames=3)).url("kept")
    pictures = seen(Record(url=url), 60)
    decoded = [picture.packet.dts for picture in pictures]
    assert all(a is not None and b is not None and a < b for a, b in pairwise(decoded))
    times = sorted(picture.time_s for picture in pictures)[:50]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.04] * 49)
    assert times[0] == pictures[0].time_s


def test_who_refuses_is_told_apart_and_no_password_is_told(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    camera = rtsp_camera("--auth", "ngatu:s3cret", "--digest")
    with pytest.raises(StreamRefused, match="user or password is wrong") as raised:
        MainStream(Record(url=camera.url(credentials="ngatu:wr0ng@")))
    assert "wr0ng" not in str(raised.value)
    assert raised.value.__context__ is None or raised.value.__suppress_context__
    with pytest.raises(StreamRefused, match="no such path"):
        MainStream(Record(url=camera.url("nix", credentials="ngatu:s3cret@")))
    with pytest.raises(StreamError, match="connection refused"):
        MainStream(Record(url=f"rtsp://127.0.0.1:{free_port()}/road"))


def test_only_h264_and_h265_can_be_recorded(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    url = rtsp_camera(old=write_clip(tmp_path / "old.mp4", street(50), codec="mpeg4")).url("old")
    with pytest.raises(StreamRefused, match=r"sends mpeg4; set the camera to H\.264 or H\.265"):
        MainStream(Record(url=url))


def test_a_camera_that_falls_silent(rtsp_camera: StartCamera, stall: Callable[..., None]) -> None:
    camera = rtsp_camera()
    stream = MainStream(Record(url=camera.url()))
    pictures = stream.pictures()
    next(pictures)
    stall(camera)
    with pytest.raises(StreamError, match=r"no picture for \d s"):
        list(pictures)
    stream.close()


def test_a_camera_that_loses_power(rtsp_camera: StartCamera) -> None:
    camera = rtsp_camera()
    stream = MainStream(Record(url=camera.url()))
    pictures = stream.pictures()
    next(pictures)
    camera.kill()
    with pytest.raises(StreamError, match="the camera ended the stream"):
        list(pictures)
    stream.close()
    stream.close()


class Changed(MainStream):
    """A camera whose packets are changed on their way, from the 40th on."""

    def __init__(self, record: Record, change: Callable[[VideoPacket], None]) -> None:
        super().__init__(record)
        self._change = change

    def _packets(self) -> Iterator[VideoPacket]:
        for number, one in enumerate(super()._packets()):
            if number >= 40:
                self._change(one)
            yield one


def leap(seconds: float) -> Callable[[VideoPacket], None]:
    def change(one: VideoPacket) -> None:
        assert one.pts is not None
        assert one.dts is not None
        one.pts, one.dts = one.pts + round(seconds * 90000), one.dts + round(seconds * 90000)

    return change


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_leaps_ends_the_connection(rtsp_camera: StartCamera, seconds: float) -> None:
    stream = Changed(Record(url=rtsp_camera().url()), leap(seconds))
    with pytest.raises(StreamError, match=f"clock leapt by {seconds} s"):
        list(stream.pictures())
    stream.close()


def test_stamps_that_go_back_a_little_are_moved(rtsp_camera: StartCamera) -> None:
    stream = Changed(Record(url=rtsp_camera().url()), leap(-0.1))
    pictures = list(islice(stream.pictures(), 60))
    stream.close()
    decoded = [picture.packet.dts for picture in pictures]
    assert all(a is not None and b is not None and a < b for a, b in pairwise(decoded))


def test_pictures_without_times_are_told(rtsp_camera: StartCamera) -> None:
    def strip(one: VideoPacket) -> None:
        one.pts = one.dts = None

    stream = Changed(Record(url=rtsp_camera().url()), strip)
    with pytest.raises(StreamError, match="carry no times"):
        list(stream.pictures())
    stream.close()


def test_another_resolution_ends_the_connection(rtsp_camera: StartCamera, tmp_path: Path) -> None:
    small = write_clip(tmp_path / "small.h264", street(50, (160, 96)))
    large = write_clip(tmp_path / "large.h264", street(50))
    both = tmp_path / "both.h264"
    both.write_bytes(large.read_bytes() + small.read_bytes())
    stream = MainStream(Record(url=rtsp_camera(both=both).url("both")))
    came: list[CodedPicture] = []
    with pytest.raises(StreamError, match="resolution or coding was changed"):
        came.extend(stream.pictures())
    stream.close()


def test_a_stream_without_key_pictures_is_told(rtsp_camera: StartCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.main_stream.KEYLESS_S", 0.5)
    stream = MainStream(Record(url=rtsp_camera().url()))
    began = time.monotonic()
    with pytest.raises(StreamError, match=r"no key picture for 0\.5 s. Set its key-frame interval"):
        list(stream.pictures())
    assert time.monotonic() - began > 0.5
    stream.close()


@pytest.mark.parametrize(
    ("times", "stamped"),
    [
        ([(None, None), (40, 40)], [(0, 0)]),
        ([(None, None), (None, None), (80, 80)], [(0, 0), (40, 40)]),
        # The key picture is shown first, the others in another order than they are decoded in.
        ([(None, None), (240, None), (160, None), (120, 120)], [(80, 0), (240, 40), (160, 80)]),
    ],
)
def test_the_first_pictures_get_times(
    times: list[tuple[int | None, int | None]], stamped: list[tuple[int, int]]
) -> None:
    *waiting, first = [packet(*each) for each in times]
    stamp_before(waiting, first, 40)
    assert [(one.pts, one.dts) for one in waiting] == stamped


def test_parameter_sets_of_h264() -> None:
    delimiter, sps, pps, key = b"\x09\xf0", b"\x67\x64\x00\x0c", b"\x68\xef\x0f", b"\x65\x88\0\0\1\x67"
    picture = START + delimiter + START + sps + b"\0\0\1" + pps + START + sps + START + key
    found = parameter_sets(picture, "h264")
    assert found.all == START + sps + START + pps
    assert found.sequence == START + sps
    assert parameter_sets(START + key, "h264") == (b"", b"")
    assert parameter_sets(b"", "h264") == (b"", b"")
    assert parameter_sets(START + sps, "h264").sequence == START + sps


def test_parameter_sets_of_h265() -> None:
    vps, sps, pps, sei, key = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1", b"\x4e\x01\x05", b"\x26\x01\xaf"
    picture = b"".join(START + unit for unit in (vps, sps, pps, sei, key))
    assert parameter_sets(picture, "hevc") == (START + vps + START + sps + START + pps, START + sps)
