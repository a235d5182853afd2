from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from streams.picture_health import PictureChecks, PictureFault
from streams.picture_reference import PictureReference
from streams.sources.synthetic import SyntheticSource

Image = NDArray[np.uint8]
CHANGED_S, END_S = 20.0, 60.0


@cache
def painted() -> list[Image]:
    """A minute of a street with traffic, two pictures a second."""
    opened = SyntheticSource(pace="max", size=(640, 360), fps=2).open("cam")
    return [opened.read().image for _ in range(int(END_S * 2) + 1)]


def street() -> Callable[[float], Image]:
    """A street with traffic and the noise of a sensor."""
    pictures, noise = painted(), np.random.default_rng(1)

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


NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
MINUTES, HOURS = timedelta(minutes=5), timedelta(hours=9)


def learnt(change: Callable[[Image], Image] = lambda image: image) -> PictureReference:
    """What a camera usually sees, after ten seconds until noon."""
    watched, at = PictureChecks().open(), street()
    assert watched.reference is None
    for index in range(21):
        watched.look(change(at(index / 2)), index / 2, NOON + timedelta(seconds=index / 2 - 10))
    assert watched.reference is not None
    return watched.reference


class Restarted:
    """A camera that is watched again, some time after noon."""

    def __init__(self, off: timedelta, before: PictureReference) -> None:
        self.watched = PictureChecks().open(before)
        self._at, self._off, self._time_s = street(), off, 0.0

    def told(self, change: Callable[[Image], Image], for_s: float) -> list[tuple[float, PictureFault | None]]:
        """What is told in the next seconds, and when."""
        told: list[tuple[float, PictureFault | None]] = []
        before: PictureFault | None = None
        until_s = self._time_s + for_s
        while self._time_s < until_s:
            at = NOON + self._off + timedelta(seconds=self._time_s)
            now = self.watched.look(change(self._at(self._time_s)), self._time_s, at)
            told += [(self._time_s, now)] if now != before else []
            before = now
            self._time_s += 0.5
        return told


@pytest.mark.parametrize("off", [MINUTES, HOURS])
@pytest.mark.parametrize(("change", "fault"), [(turned, "moved"), (upside_down, "moved"), (blur, "blurred")])
def test_what_became_of_a_camera_while_nobody_looked_is_told(
    off: timedelta, change: Callable[[Image], Image], fault: PictureFault
) -> None:
    camera = Restarted(off, learnt())
    ((told_s, told),) = camera.told(change, 20)
    assert told == fault
    assert told_s == pytest.approx(8.0, abs=0.6)
    assert camera.told(lambda image: image, 10)[-1][1] is None, "it is over when the camera looks there again"


@pytest.mark.parametrize("off", [MINUTES, HOURS])
def test_a_camera_that_looks_where_it_looked_is_known_at_once(off: timedelta) -> None:
    camera = Restarted(off, learnt())
    assert camera.told(lambda image: image, 3) == []
    assert camera.watched.reference is not None, "it need not learn anew"
    ((told_s, told),) = camera.told(turned, 12)
    assert told == "moved"
    assert told_s == pytest.approx(11.0, abs=0.6)


def test_a_night_is_not_compared_with_a_day() -> None:
    """Sure of a different scene it would be wrong for ever: nothing is learnt while something is wrong."""
    camera = Restarted(HOURS, learnt())
    assert camera.told(lambda image: night(upside_down(image)), 10) == []
    assert camera.watched.reference is None, "what is kept must not be replaced before it was compared"


def test_by_the_light_of_before_it_is_told_after_all() -> None:
    camera = Restarted(HOURS, learnt())
    assert camera.told(lambda image: night(turned(image)), 10) == []
    ((told_s, told),) = camera.told(turned, 20)
    assert told == "moved"
    assert told_s == pytest.approx(18.0, abs=0.6)


def test_by_the_light_of_before_it_is_known_and_goes_on_with_what_it_learnt() -> None:
    camera = Restarted(HOURS, learnt())
    assert camera.told(night, 10) == []
    assert camera.told(lambda image: image, 4) == []
    assert camera.watched.reference is not None


def test_a_lorry_before_the_lens_at_the_restart_settles_nothing() -> None:
    camera = Restarted(MINUTES, learnt())
    assert camera.told(hand, 3) == []
    assert camera.told(lambda image: np.full_like(image, 5), 2) == [], "nor does the dark"
    assert camera.watched.reference is None
    assert camera.told(lambda image: image, 5) == []
    assert camera.watched.reference is not None


def test_of_another_size_nothing_is_known() -> None:
    before = learnt(lambda image: np.asarray(cv2.resize(image, (640, 480)), np.uint8))
    camera = Restarted(MINUTES, before)
    assert camera.told(turned, 10) == []
    assert camera.watched.reference is not None


def test_a_reference_is_kept_in_a_small_file(tmp_path: Path) -> None:
    reference, path = learnt(), tmp_path / "cam.npz"
    reference.save(path, "lines")
    kept = PictureReference.load(path, "lines")
    assert kept is not None
    assert (kept.at, kept.sharpness) == (NOON, reference.sharpness)
    assert np.abs(kept.grey - reference.grey).max() <= 0.5
    assert np.abs(kept.edges - np.minimum(reference.edges, 255 / 32)).max() <= 0.5 / 32 + 1e-6
    assert path.stat().st_size < 100_000
    assert list(tmp_path.iterdir()) == [path]
    ((_, told),) = Restarted(HOURS, kept).told(turned, 20)
    assert told == "moved"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"words", None])
def test_a_file_that_is_none_is_as_if_there_were_none(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "cam.npz"
    if content is not None:
        path.write_bytes(content)
    assert PictureReference.load(path, "lines") is None


def test_what_was_learnt_for_other_lines_is_not_used(tmp_path: Path) -> None:
    learnt().save(tmp_path / "cam.npz", "lines")
    assert PictureReference.load(tmp_path / "cam.npz", "other lines") is None


def test_half_a_file_or_another_one_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "cam.npz"
    learnt().save(path, "lines")
    path.write_bytes(path.read_bytes()[:-200])
    assert PictureReference.load(path, "lines") is None
    np.savez(tmp_path / "other.npz", grey=np.zeros((4, 4)))
    assert PictureReference.load(tmp_path / "other.npz", "lines") is None
