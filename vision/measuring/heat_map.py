"""Heat map: where in the picture road users spend their time.

   0   1   2   3 …  columns
0 ┌───┬───┬───┬───
  │   │ ▒ │ ▓ │ █       "2,0": 12.5    seconds that feet were in the cell of column 2 and row 0
1 ├───┼───┼───┼───                     (two of them for a second: 2 s)
  │   │   │ ░ │ ▒
"""

from vision.measuring.meter import EVERYWHERE, Figures, Meter, Present
from vision.measuring.sums import Sums
from vision.scene import View

COLUMNS, ROWS = 16, 9
_CELLS = [[f"{column},{row}" for column in range(COLUMNS)] for row in range(ROWS)]


class HeatMap(Meter):
    """Sums up seconds by cell; told for a quarter of an hour and longer, to be small."""

    kind = "heat_map"
    least_s = 900

    def __init__(self) -> None:
        self._cells: list[str] = []

    def look(self, view: View, present: Present, sums: Sums) -> None:
        """Notes who is where (see `Meter.look`)."""
        self._cells = [
            _CELLS[min(int(row.place[1] * ROWS), ROWS - 1)][min(int(row.place[0] * COLUMNS), COLUMNS - 1)]
            for row in present[EVERYWHERE]
        ]

    def hold(self, sums: Sums, seconds: float) -> None:
        """Sums up (see `Meter.hold`)."""
        for cell in self._cells:
            sums.add(cell, seconds)

    def figures(self, sums: Sums, watched_s: float) -> tuple[Figures, dict[str, Figures]]:
        """The grid and its cells; one in which nobody was is left out (see `Meter.figures`)."""
        return {"columns": COLUMNS, "rows": ROWS} | dict(sorted(sums.items())), {}
