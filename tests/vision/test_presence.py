from dataclasses import replace

import pytest

from models.detections import Label
from tests.vision.story import Story, stands, views
from vision.presence import Presence, Smoothed


def test_whoever_is_hidden_for_a_moment_is_present() -> None:
    presence = Presence()
    hidden = stands(Label.PERSON, 500, 500, 0.0, 5.0, hidden=[(1.0, 1.4), (2.0, 3.5)])
    there = {view.time_s: len(presence.step(view, view.placed)) for view in views(Story([hidden], 8.0, 10.0))}
    assert [there[time_s] for time_s in (0.9, 1.2, 1.5, 2.3, 2.6, 4.0, 5.4, 5.7)] == [1, 1, 1, 1, 0, 1, 1, 0]
    assert len(presence) == 0


def test_whose_track_has_ended_is_not_present() -> None:
    presence = Presence()
    [*_, last] = views(Story([stands(Label.PERSON, 500, 500, 0.0, 1.0)], 1.0, 10.0))
    presence.step(last, last.placed)
    assert len(presence) == 1
    assert presence.step(replace(last, ended=(1,), placed=()), ()) == []


def test_a_smoothed_number_is_the_median_of_the_last_while() -> None:
    smoothed = Smoothed(window_s=1.0)
    numbers = [5, 5, 9, 5, 5, 9, 9, 9, 9, 9, 9]
    found = [smoothed.step(0.25 * index, number) for index, number in enumerate(numbers)]
    assert found == [5, 5, 5, 5, 5, 5, 9, 9, 9, 9, 9]
    smoothed.clear()
    assert smoothed.step(3.0, 2) == pytest.approx(2)
