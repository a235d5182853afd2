"""Sums: what is summed up in an interval, from which its figures follow."""

from collections import defaultdict
from collections.abc import Iterable

from models.detections import Label


class Sums:
    """Sums and greatest values of one interval; added to those of another they are those of both."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._greatest: dict[str, float] = {}

    def add(self, name: str, amount: float, label: str = "") -> None:
        """Adds an amount to the sum of a name and a label."""
        self._sums[name, label] += amount

    def reach(self, name: str, value: float) -> None:
        """Notes a value of which the greatest counts."""
        self._greatest[name] = max(value, self._greatest.get(name, value))

    def merge(self, other: "Sums") -> None:
        """Adds the sums of another interval."""
        for (name, label), amount in other._sums.items():
            self.add(name, amount, label)
        for name, value in other._greatest.items():
            self.reach(name, value)

    def of(self, name: str, label: str = "") -> float:
        """The sum of a name and a label; 0 where nothing was added."""
        return self._sums.get((name, label), 0.0)

    def total(self, names: Iterable[str], labels: Iterable[str]) -> float:
        """The sum of some names over some labels."""
        return sum(self.of(name, label) for name in names for label in labels)

    def greatest(self, name: str) -> float:
        """The greatest value of a name; 0 where none was noted."""
        return self._greatest.get(name, 0.0)

    def labels(self) -> list[str]:
        """Labels of which anything was summed up, in our order."""
        found = {label for _, label in self._sums}
        return [label.word for label in Label if label.word in found]

    def items(self) -> list[tuple[str, float]]:
        """Names and sums of what has no label."""
        return [(name, amount) for (name, label), amount in self._sums.items() if not label]
