import numpy as np
import pytest

from benchmarks.simulation.camera import PinholeCamera
from benchmarks.suites.events import SCENARIOS
from vision.calibration import Calibration

CAMERA = PinholeCamera(place=(3.0, -2.0), height=8.0, yaw_deg=90, tilt_deg=20, focal_px=1000, size=(1280, 720))


def test_the_middle_of_the_picture_is_where_it_looks() -> None:
    ahead = 8.0 / np.tan(np.radians(20))
    pixels, depth = CAMERA.project(np.array([[3.0, -2.0 + ahead, 0.0]]))
    assert pixels[0] == pytest.approx((640, 360))
    assert depth[0] == pytest.approx(8.0 / np.sin(np.radians(20)))


def test_right_is_right_and_up_is_up() -> None:
    pixels, _ = CAMERA.project(np.array([[3.0, 20.0, 0.0], [5.0, 20.0, 0.0], [3.0, 20.0, 2.0], [3.0, 30.0, 0.0]]))
    here, right, above, beyond = pixels
    assert right[0] > here[0]
    assert right[1] == pytest.approx(here[1])
    assert above[1] < here[1]
    assert beyond[1] < here[1]


def test_the_ground_and_back() -> None:
    places = np.array([[0.0, 12.0], [6.0, 30.0], [-4.0, 55.0]])
    pixels, _ = CAMERA.project(np.column_stack([places, np.zeros(3)]))
    assert CAMERA.ground(pixels) == pytest.approx(places)


def test_the_sky_is_no_ground() -> None:
    with pytest.raises(ValueError, match="horizon"):
        CAMERA.ground(np.array([[640.0, -50.0]]))


def test_what_is_not_in_the_picture_cannot_be_drawn() -> None:
    assert CAMERA.shares([(3.0, 20.0)])[0][0] == 0.5
    with pytest.raises(ValueError, match="not in the picture"):
        CAMERA.shares([(3.0, 20.0), (3.0, -1.5)])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_calibrations_picked_with_an_error_of_a_pixel_are_taken(scenario: object) -> None:
    one = next(known for known in SCENARIOS if known is scenario)
    [camera] = one.site(seed=4)["cameras"]
    calibration = Calibration.model_validate(camera["calibration"])
    exact = np.array(one.calibration)
    picked = np.array([point.ground_m for point in calibration.points])
    assert picked == pytest.approx(exact)
    # Picked points are neither exact nor off by more than a few of their standard deviations.
    image = np.array([point.image for point in calibration.points])
    off = np.abs(image - np.array(one.camera.shares(one.calibration))) * one.camera.size
    assert 0 < off.max() < 5
