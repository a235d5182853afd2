import pytest

from streams.errors import StreamError
from streams.sources.webcam import WebcamSource


def test_a_camera_that_is_not_there_is_told_by_us_alone(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StreamError, match="no camera webcam:97"):
        WebcamSource(device=97).open("desk")
    assert capfd.readouterr() == ("", "")
