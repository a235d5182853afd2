import os
import threading
from pathlib import Path

import cv2

from streams.capture import Capture, _Options
from tests.conftest import wait_until

VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


def test_one_thread_decodes_and_the_backend_is_ffmpeg(clip: Path) -> None:
    capture = Capture.of_url(str(clip), {})
    assert capture is not None
    assert capture._device.get(cv2.CAP_PROP_N_THREADS) == 1
    assert capture._device.getBackendName() == "FFMPEG"
    capture.close()


def test_options_stay_as_they_are_while_somebody_opens_with_them() -> None:
    options, seen = _Options(), []
    may_end = threading.Event()

    def open_with(transport: str) -> None:
        with options.set_to({"rtsp_transport": transport}):
            seen.append(os.environ[VARIABLE])
            may_end.wait(10)

    same = [threading.Thread(target=open_with, args=("tcp",)) for _ in range(2)]
    other = threading.Thread(target=open_with, args=("udp",))
    for thread in same:
        thread.start()
    wait_until(lambda: len(seen) == 2, 10, "who wants the same opens at the same time")
    other.start()
    wait_until(options._turn.locked, 10, "the other one waits")
    assert os.environ[VARIABLE] == "rtsp_transport;tcp"
    may_end.set()
    for thread in [*same, other]:
        thread.join(10)
    assert seen == ["rtsp_transport;tcp", "rtsp_transport;tcp", "rtsp_transport;udp"]
