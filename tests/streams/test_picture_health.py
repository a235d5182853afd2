from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.picture_health import PictureChecks, PictureFault
from streams.sources.synthetic import SyntheticSource

Image = NDArray[np.uint8]
CHANGED_S, END_S = 20.0, 60.0


def street() -> Callable[[float], Image]:
    """A street with traffic and the noise of a sensor."""
    opened = SyntheticSource(pace="max", size=(640, 360), fps=2).open("cam")
    pictures = [opened.read().image for _ in range(int(END_S * 2) + 1)]
    noise = np.random.default_rng(1)

    def at(time_s: float) -> Image:
        shaky = pictures[int(time_s * 2)].astype(np.float32) + noise.normal(0, 3, (360, 640, 1))
        return np.clip(shaky, 0, 255).astype(np.uint8)

    return at


def watch(change: Callable[[Image], Image], until_s: float = 40.0, **checks: object) -> list[tuple[float, object]]:
    """What is told, and when: the picture is changed from 20 s to a time."""
    watched = PictureChecks(**checks).open()
    at = street()
    told: list[tuple[float, object]] = []
    before: PictureFault | None = None
    for index in range(int(END_S * 2)):
        time_s = index / 2
        image = at(time_s)
        now = watched.look(change(image) if CHANGED_S <= time_s < until_s else image, time_s)
        if now != before:
            told.append((time_s, now))
        before = now
    return told


def blur(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 6), np.uint8)


def hand(image: Image) -> Image:
    """Something near and out of focus before most of the lens."""
    shade = np.linspace(60, 140, image.shape[1])[None, :, None] * np.ones_like(image)
    return np.clip(shade + np.random.default_rng().normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def turned(image: Image) -> Image:
    return np.ascontiguousarray(np.roll(image, 60, axis=1))


def upside_down(image: Image) -> Image:
    return np.ascontiguousarray(image[::-1, ::-1])


def half(image: Image) -> Image:
    return (image * 0.6).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "fault", "after_s"),
    [
        (lambda image: (image * 0.05).astype(np.uint8), "dark", 5.0),
        (lambda image: np.full_like(image, 240), "bright", 5.0),
        (lambda image: np.full_like(image, 120), "covered", 5.0),
        (hand, "covered", 5.0),
        (blur, "blurred", 8.0),
        (turned, "moved", 8.0),
        (upside_down, "moved", 8.0),
    ],
)
def test_a_fault_is_told_after_a_while_and_is_over_soon_after(
    change: Callable[[Image], Image], fault: str, after_s: float
) -> None:
    (began_s, began), (ended_s, ended) = watch(change)
    assert (began, ended) == (fault, None)
    assert began_s == pytest.approx(CHANGED_S + after_s, abs=0.6)
    assert ended_s == pytest.approx(42.0, abs=1.1)


def test_a_picture_without_any_change_is_frozen_although_a_clock_ticks() -> None:
    still: list[Image] = []

    def stuck(image: Image) -> Image:
        still.append(image)
        picture = still[0].copy()
        cv2.putText(picture, f"12:00:{len(still):02d}", (10, 350), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255))
        return picture

    (began_s, began), (ended_s, ended) = watch(stuck)
    assert (began, ended) == ("frozen", None)
    assert began_s == pytest.approx(30.0, abs=1.0)
    assert ended_s == pytest.approx(42.0, abs=1.1)


def night(image: Image) -> Image:
    return (image * 0.25).astype(np.uint8)


@pytest.mark.parametrize("change", [lambda image: image, half, night, lambda image: np.roll(image, 3, axis=1)])
def test_traffic_dusk_and_a_breath_of_wind_are_no_faults(change: Callable[[Image], Image]) -> None:
    assert watch(change) == []


def test_what_lasts_only_a_moment_is_none() -> None:
    assert watch(lambda image: np.full_like(image, 240), until_s=23.0) == []


def test_a_check_that_is_not_wanted_is_not_made() -> None:
    assert watch(lambda image: np.full_like(image, 240), until_s=28.0, bright_after_s=None) == []


def test_another_size_of_the_picture_is_learnt_anew() -> None:
    assert watch(lambda image: np.asarray(cv2.resize(image, (640, 480)), np.uint8)) == []
