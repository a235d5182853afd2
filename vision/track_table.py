"""The tracks that a tracker keeps, in columns; what all trackers do with them but for the pairing itself."""

import numpy as np
from models.detections import Detections, Label
from numpy.typing import NDArray

from vision.association import Rows
from vision.joining import Ends, joined
from vision.kalman import BoxFilter, Floats
from vision.tracks import Join, Tracks


class TrackTable:
    """Tracks of one camera, each with its filter, its votes for a label and when it was last seen.

    Attributes:
        filter: (n) predicted boxes.
        ids: (n,) 0 while a track has not been seen often enough: it may be a mistake of the detector.
        seen_s: (n,) when each was last seen. Stream clock.
        seen_box: (n, 4) px, where it was then.
        time_s: Stream clock of the newest step.
    """

    def __init__(self, camera: str, believe_s: float) -> None:
        """An empty table.

        Args:
            camera: Id of the camera.
            believe_s: How long after its first sight a track that is seen again gets its id.
        """
        self._believe_s = believe_s
        self._born_s = np.empty(0)
        self._born_box = np.empty((0, 4))
        self._heirs = np.empty(0, np.bool_)  # which go on with an earlier track
        self._joined: tuple[Join, ...] = ()
        self.filter = BoxFilter.empty()
        self.ids = np.empty(0, np.int64)
        self.seen_s = np.empty(0)
        self.seen_box = np.empty((0, 4))
        self.time_s = float("-inf")
        self._camera = camera
        self._next_id = 1
        self._votes = np.empty((0, len(Label)))  # sum of scores by label
        self._scores = np.empty(0)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labels(self) -> NDArray[np.int8]:
        """(n,) the label with the most votes so far."""
        labels: NDArray[np.int8] = self._votes.argmax(axis=1).astype(np.int8)
        return labels

    def advance(self, time_s: float, lost_s: float, unsure_s: float) -> tuple[int, ...]:
        """Moves all tracks on to a time and forgets those unseen for too long.

        Args:
            time_s: Stream clock.
            lost_s: How long a track may be unseen.
            unsure_s: How long one without an id may be unseen.

        Returns:
            The ids that ended.
        """
        if len(self):
            self.filter.predict(time_s - self.time_s)
        before, self.time_s = self.time_s, time_s
        # Half a millisecond of grace: stream clocks are sums of frame intervals.
        gone = time_s - self.seen_s > np.where(self.ids > 0, lost_s, unsure_s) + 0.0005
        # At a few pictures a second one that was seen in the last of them is no ghost yet.
        gone &= (self.ids > 0) | (self.seen_s < before)
        ended = tuple(self.ids[gone & (self.ids > 0)].tolist())
        self._joined = self._join(gone, before) if ended else ()
        if gone.any():
            self._keep(~gone)
        return ended

    def see(self, tracks: Rows, found: Rows, detections: Detections) -> None:
        """Corrects some tracks by the detections that they were paired with, row by row."""
        boxes = detections.boxes[found].astype(np.float64)
        scores = detections.scores[found].astype(np.float64)
        self.filter.update(tracks, boxes, scores)
        self._votes[tracks, detections.labels[found]] += scores
        self._scores[tracks] = scores
        self.seen_s[tracks] = self.time_s
        self.seen_box[tracks] = boxes
        # The same half millisecond of grace as in `advance`.
        believed = self.time_s - self._born_s[tracks] >= self._believe_s - 0.0005
        for track in tracks[(self.ids[tracks] == 0) & believed]:
            self.ids[track] = self._next_id
            self._next_id += 1

    def begin(self, found: Rows, detections: Detections) -> None:
        """Begins a track, still without an id, for each of some detections."""
        if not len(found):
            return
        n, boxes = len(found), detections.boxes[found].astype(np.float64)
        scores = detections.scores[found].astype(np.float64)
        votes = np.zeros((n, len(Label)))
        votes[np.arange(n), detections.labels[found]] = scores
        self.filter.add(boxes)
        self.ids = np.concatenate([self.ids, np.zeros(n, np.int64)])
        self.seen_s = np.concatenate([self.seen_s, np.full(n, self.time_s)])
        self.seen_box = np.vstack([self.seen_box, boxes])
        self._votes = np.vstack([self._votes, votes])
        self._scores = np.concatenate([self._scores, scores])
        self._born_s = np.concatenate([self._born_s, np.full(n, self.time_s)])
        self._born_box = np.vstack([self._born_box, boxes])
        self._heirs = np.concatenate([self._heirs, np.zeros(n, np.bool_)])

    def tracks(self, ended: tuple[int, ...]) -> Tracks:
        """The tracks that were seen in the newest step."""
        rows = (self.ids > 0) & (self.seen_s == self.time_s)
        return Tracks(
            camera=self._camera,
            time_s=self.time_s,
            ids=self.ids[rows],
            boxes=self.filter.boxes[rows],
            seen=self.seen_box[rows],
            labels=self.labels[rows],
            scores=self._scores[rows],
            velocities=self.filter.speed[rows, :2],
            ended=ended,
            joined=self._joined,
        )

    def _join(self, gone: NDArray[np.bool_], before_s: float) -> tuple[Join, ...]:
        """Which of some tracks that have gone go on as another that began since."""
        lost = np.flatnonzero((self.ids > 0) & (self.seen_s < before_s))
        new = np.flatnonzero((self.ids > 0) & ~gone & ~self._heirs & (self._born_s > self.seen_s[gone].min()))
        found = joined(gone[lost], self._ends(lost, self.seen_s, self.seen_box),
                       self._ends(new, self._born_s, self._born_box))  # fmt: skip
        self._heirs |= np.isin(self.ids, [one.later for one in found])
        return found

    def _ends(self, rows: Rows, time_s: Floats, boxes: Floats) -> Ends:
        speeds, variances = self.filter.speed[rows, :2], self.filter.vv[rows, :2]
        return Ends(self.ids[rows], self.labels[rows], time_s[rows], boxes[rows], speeds, variances)

    def _keep(self, rows: NDArray[np.bool_]) -> None:
        self.filter.keep(rows)
        self.ids, self.seen_s, self.seen_box = self.ids[rows], self.seen_s[rows], self.seen_box[rows]
        self._votes, self._scores = self._votes[rows], self._scores[rows]
        self._born_s, self._born_box, self._heirs = self._born_s[rows], self._born_box[rows], self._heirs[rows]


def split_by_score(detections: Detections, confidence: float, doubtful: float) -> tuple[Rows, Rows]:
    """Rows of the confident detections and of the doubtful ones; those below `doubtful` are in neither."""
    sure = detections.scores >= confidence
    return np.flatnonzero(sure), np.flatnonzero(~sure & (detections.scores >= doubtful))


def left_over(rows: Rows, paired: NDArray[np.intp]) -> Rows:
    """Rows without those at some positions."""
    rest: Rows = np.delete(rows, paired)
    return rest
