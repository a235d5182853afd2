"""Which detection is which track: costs between two sets of boxes and the best pairing."""

import numpy as np
from models.detections import Label
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_GROUPS = {
    Label.PERSON: 0,
    Label.BICYCLE: 1,
    Label.MOTORCYCLE: 1,
    Label.CAR: 2,
    Label.BUS: 2,
    Label.TRUCK: 2,
}
_GROUP_OF_LABEL = np.array([_GROUPS[label] for label in Label])


def same_group(first: NDArray[np.int8], second: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which labels a detector may mistake for each other, (n, m): two-wheelers, and vehicles on four wheels."""
    same: NDArray[np.bool_] = _GROUP_OF_LABEL[first][:, None] == _GROUP_OF_LABEL[second][None, :]
    return same


def same_group_of(first: Label, second: Label) -> bool:
    """The same for two labels."""
    return _GROUPS[first] == _GROUPS[second]


def pair(likeness: Floats, least: float) -> tuple[Rows, Rows]:
    """The one-to-one pairing with the greatest sum of likeness (Hungarian method).

    Args:
        likeness: (n, m).
        least: Pairs with less are not made, however lonely both are.

    Returns:
        Row numbers and column numbers of the pairs, of equal length.
    """
    # A pair below the least is worth as much as no pair: else one bad pair could spoil two good ones.
    rows, columns = linear_sum_assignment(np.where(likeness >= least, likeness, 0.0), maximize=True)
    good = likeness[rows, columns] >= least
    return rows[good], columns[good]
