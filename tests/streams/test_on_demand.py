import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.scenarios import free_port
from streams.broadcast import Broadcast
from streams.fragments import Fragment
from streams.on_demand import OnDemand
from streams.record import Record
from tests.conftest import RtspCamera, wait_until
from tests.streams.clips import numbered, street, write_clip
from tests.streams.footage import decoded

StartCamera = Callable[..., RtspCamera]


class Watching:
    """A broadcast that is watched."""

    def __init__(self, url: str, linger_s: float = 0.2) -> None:
        self.broadcast = Broadcast()
        self.on_demand = OnDemand("road", Record(url=url), self.broadcast, linger_s)
        self.taken: list[Fragment] = []

    def begin(self) -> None:
        assert self.broadcast.join(most=9)
        self.on_demand.wake()

    def until(self, count: int, within_s: float = 20) -> list[Fragment]:
        """Waits for so many fragments more."""
        new: list[Fragment] = []

        def enough() -> bool:
            new.extend(self.broadcast.after((self.taken + new)[-1] if self.taken + new else None))
            return len(new) >= count

        wait_until(enough, within_s, f"{count} fragments, {self.broadcast.told}")
        self.taken += new
        return new


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "watch road"]


@pytest.fixture(name="watch")
def fixture_watch() -> Iterator[Callable[..., Watching]]:
    """Watches cameras until the test is over; no thread may stay behind."""
    watched: list[Watching] = []

    def start(url: str, **options: float) -> Watching:
        watched.append(Watching(url, **options))
        return watched[-1]

    yield start
    for one in watched:
        one.on_demand.stop()
    wait_until(lambda: not threads(), 15, "the threads end")


def test_there_is_a_connection_only_while_somebody_watches(
    rtsp_camera: StartCamera, tmp_path: Path, watch: Callable[..., Watching]
) -> None:
    clip = write_clip(tmp_path / "numbered.mp4", numbered(200))
    road = watch(rtsp_camera(numbered=clip).url("numbered"))
    assert threads() == []
    road.begin()
    taken = road.until(60)
    assert decoded(taken) == list(range(len(taken)))
    road.on_demand.wake()
    assert len(threads()) == 1, "one connection for all"
    road.broadcast.leave()
    wait_until(lambda: not threads(), 10, "the connection ends after its last viewer")
    assert road.broadcast.told.state == "connecting"
    assert road.broadcast.after(None) == []
    road.begin()
    assert road.until(10)[0].video is not taken[0].video


def test_who_comes_back_soon_finds_the_connection(rtsp_camera: StartCamera, watch: Callable[..., Watching]) -> None:
    road = watch(rtsp_camera().url(), linger_s=30)
    road.begin()
    road.until(5)
    road.broadcast.leave()
    road.begin()
    assert len(threads()) == 1
    road.until(30)


def test_a_camera_that_dies_is_told_and_comes_back(rtsp_camera: StartCamera, watch: Callable[..., Watching]) -> None:
    camera = rtsp_camera()
    road = watch(camera.url())
    road.begin()
    first = road.until(30)[0].video
    camera.kill()
    wait_until(lambda: road.broadcast.told.state == "lost", 15, "it is lost")
    assert "the camera ended the stream" in road.broadcast.told.reason or "refused" in road.broadcast.told.reason
    camera.start()
    wait_until(lambda: road.broadcast.told.state == "live", 20, "it is back")
    assert road.until(30)[-1].video is not first


def test_h265(rtsp_camera: StartCamera, hevc_clip: Path, watch: Callable[..., Watching]) -> None:
    road = watch(rtsp_camera(hk=hevc_clip).url("hk"))
    road.begin()
    assert road.until(30)[0].video.codec.startswith("hvc1.1.6.L")


def test_what_can_not_be_watched_is_told(
    rtsp_camera: StartCamera, tmp_path: Path, watch: Callable[..., Watching]
) -> None:
    old = watch(rtsp_camera(old=write_clip(tmp_path / "old.mp4", street(50), codec="mpeg4")).url("old"))
    old.begin()
    wait_until(lambda: old.broadcast.told.state == "refused", 15, "it is refused")
    assert "sends mpeg4" in old.broadcast.told.reason
    gone = watch(f"rtsp://user:s3cret@127.0.0.1:{free_port()}/road")
    gone.begin()
    wait_until(lambda: gone.broadcast.told.state == "lost", 15, "nobody is there")
    assert "connection refused" in gone.broadcast.told.reason
    assert "s3cret" not in gone.broadcast.told.reason


def test_where_a_recorder_is_connected_there_is_no_second_connection(
    rtsp_camera: StartCamera, watch: Callable[..., Watching]
) -> None:
    road = watch(rtsp_camera().url(), linger_s=30)
    road.broadcast.recorded = True
    road.begin()
    assert road.broadcast.told.state == "connecting"
    road.broadcast.recorded = False  # for want of room on its disk
    road.until(30)
    road.broadcast.recorded = True
    last = road.taken[-1]
    wait_until(lambda: road.broadcast._muxer is not None, 1, "it was at work")
    # No more than what was on its way.
    wait_until(lambda: _stands(road, last), 15, "the connection ends")


def _stands(road: Watching, last: Fragment) -> bool:
    before = road.broadcast._number
    threading.Event().wait(0.3)
    return road.broadcast._number == before >= last.number


def test_a_thread_that_hangs_is_replaced(
    rtsp_camera: StartCamera, watch: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, go_on = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        hangs.set()
        go_on.wait(60)

    road = watch(rtsp_camera().url())
    with monkeypatch.context() as patch:
        patch.setattr(OnDemand, "_read", hang)
        road.begin()
        assert hangs.wait(10)
    monkeypatch.setattr("streams.on_demand.HANG_S", 0.0)
    road.begin()
    monkeypatch.setattr("streams.on_demand.HANG_S", 60.0)
    assert len(threads()) == 2
    road.until(10)
    go_on.set()
    wait_until(lambda: len(threads()) == 1, 10, "the old thread ends")
    road.until(10)
