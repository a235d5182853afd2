"""Drawn signal heads: a dark housing with three lamps in a grey picture."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from models.lamps import Lamp, LampReader
from models.observation import SignalState

BOX = (0.4, 0.2, 0.48, 0.8)
FPS = 6.0
COLOURS = {"red": (40, 30, 255), "yellow": (20, 110, 235), "green": (180, 185, 8)}  # green as a cyan, BGR
Picture = NDArray[np.uint8]


def head(*lit: str, dim: float = 1.0, noise: float = 0.0, seed: int = 0, ambient: int = 30) -> Picture:
    """A picture with a head of 16 × 60 px."""
    image = np.full((100, 200, 3), 120, np.float64)
    image[20:80, 80:96] = ambient
    for place, colour in enumerate(("red", "yellow", "green")):
        y, x = np.mgrid[20:80, 80:96]
        disc = (y - (30 + 20 * place)) ** 2 + (x - 88) ** 2 <= 49
        image[20:80, 80:96][disc] = np.multiply(COLOURS[colour], dim) if colour in lit else ambient + 35
    image += np.random.default_rng(seed).normal(0, noise, image.shape)
    return image.clip(0, 255).astype(np.uint8)


def read(reader: LampReader, *pictures: tuple[float, Picture]) -> list[tuple[float, SignalState]]:
    """The changes of state, with pictures (until when, what) at six a second."""
    told: list[tuple[float, SignalState]] = []
    index = 0
    for until_s, picture in pictures:
        while index / FPS < until_s:
            state = reader.read(picture, index / FPS)
            if not told or told[-1][1] != state:
                told.append((round(index / FPS, 2), state))
            index += 1
    return told


def reader(**more: object) -> LampReader:
    return Lamp.model_validate({"box": BOX, **more}).open()


def test_a_change_is_unknown_from_its_first_sight_until_it_is_sure() -> None:
    told = read(reader(), (2.0, head("yellow")), (6.0, head("red")), (9.0, head("green")))
    assert [state for _, state in told] == ["yellow", "unknown", "red", "unknown", "green"]
    assert told[1][0] == pytest.approx(2.0, abs=0.01), "the clock of signals dates the change back to here"
    assert told[2][0] - told[1][0] < 0.6


@pytest.mark.parametrize("colour", ["red", "yellow", "green"])
def test_a_lamp_is_read_from_the_first_picture_on(colour: str) -> None:
    assert read(reader(), (1.0, head(colour, noise=8)))[0] == (0.0, colour)


def test_a_dim_amber_is_told_by_its_place() -> None:
    assert read(reader(), (1.0, head("yellow", dim=0.6))) == [(0.0, "yellow")]


def test_a_moment_of_something_else_changes_nothing_for_good() -> None:
    told = read(reader(), (2.0, head("red")), (2.1, head("green")), (4.0, head("red")))
    assert [state for _, state in told] == ["red", "unknown", "red"]


def test_all_dark_is_off_once_the_lamps_are_known() -> None:
    told = read(reader(), (1.0, head("red")), (2.0, head("green")), (4.0, head()))
    assert told[-1][1] == "off"
    assert read(reader(), (1.0, head())) == [(0.0, "unknown")], "nothing is known of its levels yet"


@pytest.mark.parametrize(
    "picture",
    [head("red", "green"), np.full((100, 200, 3), 90, np.uint8), np.full((100, 200, 3), 255, np.uint8)],
    ids=["two lit", "covered", "glare"],
)
def test_what_cannot_be_told_is_unknown(picture: Picture) -> None:
    told = read(reader(), (1.0, head("red")), (2.0, head("green")), (4.0, picture))
    assert told[-1][1] == "unknown"


def test_levels_follow_the_light_of_the_day() -> None:
    one = reader()
    for hour in range(200):
        ambient = 30 + min(hour, 60)
        assert one.read(head("red", ambient=ambient), 60.0 * hour) == "red"


def test_a_head_that_lies_has_its_lamps_from_left_to_right() -> None:
    lying = np.ascontiguousarray(head("green").transpose(1, 0, 2))
    box = (BOX[1], BOX[0], BOX[3], BOX[2])
    assert reader(box=box).read(lying, 0.0) == "green"
    assert reader(box=box, lamps=["green", "yellow", "red"]).read(lying, 0.0) == "red"


def test_a_head_that_is_too_small_is_unknown() -> None:
    assert reader(box=(0.4, 0.2, 0.402, 0.22)).read(head("red"), 0.0) == "unknown"


@pytest.mark.parametrize(
    ("more", "message"),
    [({"box": (0.5, 0.2, 0.4, 0.8)}, "x1 < x2"), ({"lamps": ["red", "red"]}, "each colour is there once")],
)
def test_bad_heads_are_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        reader(**more)
