from collections.abc import Iterator

import numpy as np
import pytest

from models.detections import Label
from tests.vision.story import MAST, Box, RoadUser, Story, drives, views, walks
from vision.stature import Statures


def changes(user: RoadUser, seconds: float = 5.0) -> Iterator[tuple[float, bool]]:
    """When the stature of somebody has changed, and when not."""
    statures = Statures(MAST.calibrated())
    for view in views(Story([user], seconds, 25.0), MAST):
        statures.step(view)
        yield from ((view.time_s, statures.has_changed(row)) for row in view.placed)


@pytest.mark.parametrize("far_m", [(32.0, 14.0), (12.0, 30.0)])
def test_who_comes_and_goes_keeps_their_stature(far_m: tuple[float, float]) -> None:
    found = list(changes(walks((0, 0, far_m[0]), (5, 1, far_m[1]), jitter=0.8)))
    assert len(found) > 100
    assert not any(changed for _, changed in found)


def test_a_foot_that_was_hidden_is_known_for_a_second() -> None:
    def hidden(time_s: float) -> float:
        return 30.0 if 2.0 <= time_s < 2.6 else 0.0

    def box(time_s: float) -> Box:
        return 30.0, 90.0 - hidden(time_s)

    way = [(float(time_s), 500.0, 640.0 - hidden(time_s)) for time_s in np.arange(0.0, 5.0, 0.02)]
    told = {round(time_s, 2): changed for time_s, changed in changes(drives(Label.PERSON, *way, box=box))}
    assert [told[time_s] for time_s in (1.6, 2.4, 3.2, 4.6)] == [False, True, True, False]


def test_forgets_whose_track_has_ended() -> None:
    statures = Statures(MAST.calibrated())
    known = []
    for view in views(Story([walks((0, 0, 20), (2, 0, 22))], 8.0, 10.0), MAST):
        statures.step(view)
        known.append(len(statures))
    assert (max(known), known[-1]) == (1, 0)
