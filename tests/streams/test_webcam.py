import pytest

from streams.errors import StreamError
from streams.sources.webcam import WebcamSource


def test_a_camera_that_is_not_there() -> None:
    with pytest.raises(StreamError, match="no camera webcam:97"):
        WebcamSource(device=97).open("desk")
