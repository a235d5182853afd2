from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.detections import Detections, Label
from models.static import Blobs, StaticBlobs

Image = NDArray[np.uint8]
BOX = (150, 100, 170, 125)
FPS = 5.0


def ground() -> Image:
    texture = np.random.default_rng(1).normal(0, 14, (18, 32, 3)).astype(np.float32)
    return np.clip(cv2.resize(texture, (320, 180), interpolation=cv2.INTER_CUBIC) + 110, 0, 255).astype(np.uint8)


def with_thing(image: Image, box: tuple[int, int, int, int] = BOX, colour: int = 30) -> Image:
    picture = image.copy()
    picture[box[1] : box[3], box[0] : box[2]] = colour
    return picture


def watch(
    scene: Callable[[float], Image],
    seconds: float,
    users: Callable[[float], Detections] = lambda time_s: Detections.of(),
) -> list[tuple[float, Blobs]]:
    blobs, noise = StaticBlobs(), np.random.default_rng(2)
    told = []
    for index in range(int(seconds * FPS)):
        time_s = index / FPS
        picture = np.clip(scene(time_s) + noise.normal(0, 2, (180, 320, 1)), 0, 255).astype(np.uint8)
        told.append((time_s, blobs.look(picture, time_s, users(time_s))))
    return told


def test_a_thing_that_is_put_down_has_come_and_stays() -> None:
    empty, full = ground(), with_thing(ground())
    told = watch(lambda time_s: full if time_s >= 20 else empty, 90.0)
    assert all(len(one.come) == len(one.gone) == 0 for time_s, one in told if time_s < 20)
    first_s = next(time_s for time_s, one in told if len(one.come))
    assert 22 < first_s < 28
    later = [one for time_s, one in told if time_s > first_s]
    assert all(len(one.come) == 1 and len(one.gone) == 0 for one in later)
    np.testing.assert_allclose(later[-1].come[0], BOX, atol=4)


def test_a_thing_that_is_taken_away_has_gone() -> None:
    empty, full = ground(), with_thing(ground())
    told = watch(lambda time_s: empty if time_s >= 20 else full, 40.0)
    last = told[-1][1]
    assert (len(last.come), len(last.gone)) == (0, 1)
    np.testing.assert_allclose(last.gone[0], BOX, atol=4)


def test_what_passes_or_is_a_road_user_is_none() -> None:
    empty = ground()

    def passes(time_s: float) -> Image:
        x = int(20 * time_s) % 300
        return with_thing(empty, (x, 100, x + 20, 125))

    assert all(not len(one.come) for _, one in watch(passes, 60.0))
    parked = Detections.of((145.0, 95.0, 175.0, 130.0, 0.9, Label.CAR))
    told = watch(
        lambda time_s: with_thing(empty) if time_s >= 20 else empty,
        60.0,
        lambda time_s: parked if time_s >= 20 else Detections.of(),
    )
    # Its parts come to rest one after the other; a rule waits for longer than that.
    assert all(not len(one.come) for time_s, one in told if not 20 < time_s < 26)


def test_a_car_that_drives_off_leaves_nothing_that_is_gone() -> None:
    empty, full = ground(), with_thing(ground())
    car = Detections.of((145.0, 95.0, 175.0, 130.0, 0.9, Label.CAR))
    told = watch(
        lambda time_s: empty if time_s >= 30 else full,
        60.0,
        lambda time_s: car if time_s < 30 else Detections.of(),
    )
    assert all(not len(one.come) and not len(one.gone) for _, one in told)


def test_a_lamp_that_is_switched_on_is_no_thing() -> None:
    empty = ground()
    bright = np.clip(empty.astype(np.int16) + 60, 0, 255).astype(np.uint8)
    assert all(not len(one.come) for _, one in watch(lambda time_s: bright if time_s >= 20 else empty, 60.0))


def test_the_sun_that_goes_down_is_no_thing() -> None:
    empty = ground().astype(np.float32)
    assert all(
        not len(one.come) + len(one.gone)
        for _, one in watch(lambda time_s: (empty * (1 - 0.3 * time_s / 120)).astype(np.uint8), 120.0)
    )


def test_another_size_of_the_picture_is_learnt_anew() -> None:
    blobs = StaticBlobs()
    blobs.look(ground(), 0.0, Detections.of())
    assert not len(blobs.look(np.zeros((240, 320, 3), np.uint8), 1.0, Detections.of()).come)


@pytest.mark.parametrize("step_s", [0.01, 0.04])
def test_five_looks_a_second_are_enough(step_s: float) -> None:
    blobs = StaticBlobs()
    picture = ground()
    first = blobs.look(picture, 0.0, Detections.of())
    assert blobs.look(picture, step_s, Detections.of()) is first
