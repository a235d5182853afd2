from itertools import pairwise

import numpy as np
import pytest

from streams.errors import SourceEnded
from streams.sources.synthetic import SyntheticFrame, SyntheticSource


def frames_of(source: SyntheticSource, count: int) -> list[SyntheticFrame]:
    opened = source.open("street")
    frames = []
    for _ in range(count):
        frame = opened.read()
        assert isinstance(frame, SyntheticFrame)
        frames.append(frame)
    return frames


def inside(x: float, y: float, polygon: tuple[tuple[float, float], ...]) -> bool:
    """Whether a point is in a polygon: the ray to the right crosses its edges an odd number of times."""
    crossed = 0
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        crossed += (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return crossed % 2 == 1


def test_the_same_seed_makes_the_same_pictures_and_truth() -> None:
    one, two = (frames_of(SyntheticSource(seed=7, pace="max"), 40)[-1] for _ in range(2))
    assert np.array_equal(one.image, two.image)
    assert np.array_equal(one.boxes, two.boxes)
    other = frames_of(SyntheticSource(seed=8, pace="max"), 40)[-1]
    assert not np.array_equal(one.image, other.image)


def test_columns_have_their_shapes_and_boxes_lie_in_the_picture() -> None:
    for frame in frames_of(SyntheticSource(pace="max", fps=2), 100):
        n = len(frame.ids)
        assert frame.boxes.shape == (n, 4)
        assert frame.boxes.dtype == np.float32
        assert frame.labels.shape == (n,)
        assert frame.labels.dtype == np.int8
        assert len(set(frame.ids.tolist())) == n
        assert (frame.boxes >= 0).all()
        assert (frame.boxes <= (960, 540, 960, 540)).all()
        assert (frame.boxes[:, 2:] > frame.boxes[:, :2]).all()


def test_all_labels_are_on_the_road_and_motorcycles_are_the_most() -> None:
    who = {i: label for f in frames_of(SyntheticSource(pace="max", fps=1), 120) for i, label in zip(f.ids, f.labels)}  # noqa: B905
    counts = np.bincount(list(who.values()), minlength=6)
    assert (counts > 0).all()
    assert counts[2] > counts.sum() / 2


def test_a_road_user_moves_without_jumps() -> None:
    frames = frames_of(SyntheticSource(pace="max"), 300)
    for before, after in pairwise(frames):
        was = dict(zip(before.ids.tolist(), before.boxes, strict=True))
        for i, box in zip(after.ids.tolist(), after.boxes, strict=True):
            if i in was and box[0] > 1 and box[2] < 959 and box[3] < 539:
                assert np.abs(box - was[i]).max() < 40


def test_what_is_in_the_box_is_painted_there() -> None:
    frame = frames_of(SyntheticSource(pace="max"), 200)[-1]
    empty = frames_of(SyntheticSource(pace="max"), 1)[0]
    changed = np.abs(frame.image.astype(int) - empty.image).max(2) > 20
    for x1, y1, x2, y2 in frame.boxes.astype(int):
        assert changed[y1 : y2 + 1, x1 : x2 + 1].mean() > 0.2


def test_somebody_visits_the_yard_and_stays_for_long() -> None:
    seconds = set()
    visitors = set()
    for frame in frames_of(SyntheticSource(pace="max", fps=2), 160):
        for label, number, (x1, _, x2, y2) in zip(frame.labels, frame.ids, frame.boxes, strict=True):
            if inside((x1 + x2) / 2 / 960, y2 / 540, SyntheticSource.YARD):
                assert label == 0
                seconds.add(frame.time_s)
                visitors.add(int(number))
    assert len(visitors) == 1
    assert 35 < max(seconds) - min(seconds) < 45
    assert len(seconds) > 70


def test_truth_fits_any_size() -> None:
    large, small = (frames_of(SyntheticSource(pace="max", size=size), 50)[-1] for size in ((960, 540), (320, 180)))
    assert small.image.shape == (180, 320, 3)
    assert small.boxes == pytest.approx(large.boxes / 3, abs=0.01)


def test_comes_to_its_end() -> None:
    source = SyntheticSource(pace="max", fps=10, duration_s=1.5)
    opened = source.open("street")
    assert opened.expected_frames == 15
    times = [opened.read().time_s for _ in range(15)]
    assert times == pytest.approx([n / 10 for n in range(15)])
    with pytest.raises(SourceEnded):
        opened.read()


def test_at_its_own_pace_it_is_a_camera_at_the_greatest_it_is_a_file() -> None:
    assert SyntheticSource(pace="real").live
    assert not SyntheticSource(pace="max").live
