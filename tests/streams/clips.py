"""Clips that tests write for themselves, from the synthetic street."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from streams.sources.synthetic import SyntheticSource

SMALL = (320, 180)


def street(count: int, size: tuple[int, int] = SMALL, fps: float = 25) -> list[NDArray[np.uint8]]:
    opened = SyntheticSource(pace="max", size=size, fps=fps).open("street")
    return [opened.read().image for _ in range(count)]


def plain(count: int, colour: tuple[int, int, int], size: tuple[int, int] = SMALL) -> list[NDArray[np.uint8]]:
    return [np.full((size[1], size[0], 3), colour, np.uint8)] * count


def numbered(count: int, size: tuple[int, int] = SMALL) -> list[NDArray[np.uint8]]:
    """Pictures that carry their number, up to 255, as bars: one white bar for each bit that is set."""
    pictures = []
    for number in range(count):
        bits = np.repeat([number >> bit & 1 for bit in range(8)], size[0] // 8)
        pictures.append(np.broadcast_to((bits * 255).astype(np.uint8)[None, :, None], (size[1], len(bits), 3)).copy())
    return pictures


def number_of(image: NDArray[np.uint8]) -> int:
    """The number that a picture of `numbered` carries; survives coding."""
    bars = np.array_split(image.mean(axis=(0, 2)), 8)
    return sum(1 << bit for bit, bar in enumerate(bars) if np.median(bar) > 128)


def write_clip(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    fps: float = 25,
    codec: str = "libx264",
    ticks: Sequence[int] | None = None,
    muxing: dict[str, str] | None = None,
    b_frames: int = 0,
) -> Path:
    """Writes a clip; `ticks` are the times of the pictures in ms where they are not even.

    A key picture every second and, without `b_frames`, none that is shown in another order, as cameras send them.
    """
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w", options=muxing or {}) as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=rate))
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.gop_size = round(fps)
        stream.max_b_frames = b_frames
        # One slice a picture: GStreamer repeats the parameter sets before every slice of a key picture, and FFmpeg
        # would take each slice for a picture of its own.
        stream.codec_context.thread_count = 1
        stream.options = (
            {"x265-params": "log-level=none:bframes=0"}
            if codec == "libx265"
            else {"preset": "veryfast", "sc_threshold": "0"}
        )
        stream.codec_context.time_base = Fraction(1, 1000) if ticks else 1 / rate
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = ticks[number] if ticks else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
