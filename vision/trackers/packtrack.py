"""PackTrack: for traffic that rides in packs, hides one another and is seen at any frame rate.

Three rounds, each a one-to-one pairing with the greatest sum of likeness (Hungarian method):

    1. tracks where they are expected      ↔ confident detections      direction of travel counts
    2. tracks seen a moment ago            ↔ doubtful detections       (ByteTrack, ECCV 2022)
    3. tracks still without, where they were last SEEN ↔ confident detections left: they stopped behind something,
       or turned (observation-centric recovery, OC-SORT, CVPR 2023)

Likeness is the overlap of boxes that are widened (C-BIoU, WACV 2023), so that small and fast road users meet
themselves again, times the likeness of their heights (Hybrid-SORT, AAAI 2024): side by side, two motorcycles have
overlapping boxes but different tops and feet. Real time differences everywhere: nothing here counts frames.
"""

from typing import Literal

import numpy as np
from models.boxes import iou
from models.detections import Detections
from pydantic import Field

from vision.association import Floats, Rows, pair, same_group
from vision.geometry import shared_height, widened
from vision.track_table import TrackTable, left_over, split_by_score
from vision.tracker import TrackerConfig
from vision.tracks import Tracks


class PackTrack(TrackerConfig):
    """Pairs by widened overlap, height and direction of travel; finds again who was hidden."""

    kind: Literal["packtrack"] = "packtrack"
    lost_s: float = Field(default=1.5, gt=0, description="A track unseen for longer has ended, seconds.")
    believe_s: float = Field(
        default=0.05,
        ge=0,
        description="A track is believed when it is seen again so long after its first sight, seconds.",
    )
    unsure_s: float = Field(
        default=0.15,
        gt=0,
        description="A track that is not believed yet and unseen for longer was never there, seconds.",
    )
    fresh_s: float = Field(
        default=0.3, gt=0, description="A doubtful detection continues tracks seen at most so long ago only, seconds."
    )
    doubtful: float = Field(default=0.1, gt=0, lt=1, description="Detections with a lower score are ignored.")
    widening: float = Field(
        default=0.3, ge=0, description="How far boxes are widened on each side before they are compared, of their size."
    )
    widening_seen: float = Field(default=0.5, ge=0, description="The same where tracks were last seen.")
    likeness: float = Field(default=0.25, gt=0, lt=1, description="Least likeness where a track is expected.")
    likeness_doubtful: float = Field(default=0.5, gt=0, lt=1, description="The same with a doubtful detection.")
    likeness_seen: float = Field(default=0.3, gt=0, lt=1, description="The same where a track was last seen.")
    direction: float = Field(default=0.1, ge=0, description="Weight of the direction of travel against likeness.")
    score: float = Field(default=0.2, ge=0, description="Weight of the detection's score against likeness.")
    crowding: float = Field(
        default=0.4, gt=0, le=1, description="No track begins on a box that overlaps a tracked one by more (IoU)."
    )

    def start(self, camera: str, confidence: float) -> "PackTracker":
        """Starts a tracker without any track; `confidence` parts the confident from the doubtful."""
        return PackTracker(camera, self, confidence)


class PackTracker:
    """PackTrack at work on one camera."""

    def __init__(self, camera: str, settings: PackTrack, confidence: float) -> None:
        self._settings = settings
        self._confidence = confidence
        self._table = TrackTable(camera, settings.believe_s)

    def __len__(self) -> int:
        return len(self._table)

    def step(self, detections: Detections, time_s: float) -> Tracks:
        """Takes the detections of the next instant (see `Tracker.step`)."""
        table, settings = self._table, self._settings
        ended = table.advance(time_s, settings.lost_s, settings.unsure_s)
        sure, doubtful = split_by_score(detections, self._confidence, settings.doubtful)
        known, unsure = np.flatnonzero(table.ids > 0), np.flatnonzero(table.ids == 0)
        expected, wide = table.filter.boxes, settings.widening

        known, sure = self._pair(known, sure, detections, expected, wide, settings.likeness, settings.direction)

        fresh = known[table.seen_s[known] >= time_s - settings.fresh_s]
        self._pair(fresh, doubtful, detections, expected, wide, settings.likeness_doubtful)

        known, wider = known[table.seen_s[known] < time_s], settings.widening_seen
        _, sure = self._pair(known, sure, detections, table.seen_box, wider, settings.likeness_seen)

        _, sure = self._pair(unsure, sure, detections, expected, wide, settings.likeness)
        table.begin(self._apart(sure, detections), detections)
        return table.tracks(ended)

    def _pair(
        self,
        tracks: Rows,
        found: Rows,
        detections: Detections,
        where: Floats,
        widening: float,
        least: float,
        direction: float = 0.0,
    ) -> tuple[Rows, Rows]:
        """Pairs some tracks, at some places, with some detections; returns what is left of both."""
        if not (len(tracks) and len(found)):  # most of the later rounds
            return tracks, found
        here, there = where[tracks], _boxes(detections, found)
        likeness = iou(widened(here, widening), widened(there, widening)) * np.sqrt(shared_height(here, there))
        likeness *= same_group(self._table.labels[tracks], detections.labels[found])
        likeness = np.where(likeness >= least, likeness + self._settings.score * detections.scores[found], 0.0)
        if direction:
            likeness += direction * self._same_way(tracks, there) * (likeness > 0)
        rows, columns = pair(likeness, np.finfo(np.float64).tiny)
        self._table.see(tracks[rows], found[columns], detections)
        return left_over(tracks, rows), left_over(found, columns)

    def _same_way(self, tracks: Rows, boxes: Floats) -> Floats:
        """How well going to some boxes goes on with the way of some tracks (n, m), -1..1; 0 for slow ones."""
        seen, speed = self._table.seen_box[tracks], self._table.filter.speed[tracks, None, :2]
        way = (boxes[None, :, :2] + boxes[None, :, 2:] - seen[:, None, :2] - seen[:, None, 2:]) / 2
        lengths = np.linalg.norm(way, axis=2) * np.linalg.norm(speed, axis=2)
        cosine = np.divide((way * speed).sum(axis=2), lengths, out=np.zeros_like(lengths), where=lengths > 0)
        heights = (seen[:, 3] - seen[:, 1])[:, None]
        same: Floats = cosine * np.minimum(np.linalg.norm(speed, axis=2) / heights, 1.0)
        return same

    def _apart(self, found: Rows, detections: Detections) -> Rows:
        """Those of some detections that are not a second box around somebody who is tracked."""
        tracked = self._table.seen_box[self._table.seen_s == self._table.time_s]
        return found[(iou(_boxes(detections, found), tracked) <= self._settings.crowding).all(axis=1)]


def _boxes(detections: Detections, rows: Rows) -> Floats:
    return detections.boxes[rows].astype(np.float64)
