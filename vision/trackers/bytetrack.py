"""ByteTrack: pair by overlap, the confident detections first, then the doubtful ones.

Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022. Written for real
time differences: nothing here counts frames.
"""

from typing import Literal

import numpy as np
from models.boxes import iou
from models.detections import Detections
from pydantic import Field

from vision.association import Rows, pair, same_group
from vision.track_table import TrackTable, left_over, split_by_score
from vision.tracker import TrackerConfig
from vision.tracks import Tracks


class ByteTrack(TrackerConfig):
    """Pairs tracks and detections by overlap, the confident ones first, then the doubtful ones."""

    kind: Literal["bytetrack"] = "bytetrack"
    lost_s: float = Field(default=1.0, gt=0, description="A track unseen for longer has ended, seconds.")
    unsure_s: float = Field(
        default=0.3, gt=0, description="A track seen only once and unseen for longer was never there, seconds."
    )
    overlap: float = Field(
        default=0.2, gt=0, lt=1, description="Least overlap (IoU) of a track and a confident detection."
    )
    doubtful_overlap: float = Field(
        default=0.5, gt=0, lt=1, description="Least overlap (IoU) of a track and a doubtful detection."
    )
    doubtful: float = Field(default=0.1, gt=0, lt=1, description="Detections with a lower score are ignored.")

    def start(self, camera: str, confidence: float) -> "ByteTracker":
        """Starts a tracker without any track; `confidence` parts the confident from the doubtful."""
        return ByteTracker(camera, self, confidence)


class ByteTracker:
    """ByteTrack at work on one camera."""

    def __init__(self, camera: str, settings: ByteTrack, confidence: float) -> None:
        self._settings = settings
        self._confidence = confidence
        self._table = TrackTable(camera, believe_s=0.0)

    def __len__(self) -> int:
        return len(self._table)

    def step(self, detections: Detections, time_s: float) -> Tracks:
        """Takes the detections of the next instant (see `Tracker.step`)."""
        table, settings = self._table, self._settings
        ended = table.advance(time_s, settings.lost_s, settings.unsure_s)
        sure, doubtful = split_by_score(detections, self._confidence, settings.doubtful)
        known, unsure = np.flatnonzero(table.ids > 0), np.flatnonzero(table.ids == 0)
        known, sure = self._match(known, sure, detections, settings.overlap)
        # A doubtful detection may only continue a track that was seen a moment ago.
        fresh = known[table.seen_s[known] >= time_s - settings.unsure_s]
        self._match(fresh, doubtful, detections, settings.doubtful_overlap)
        _, sure = self._match(unsure, sure, detections, settings.overlap)
        table.begin(sure, detections)
        return table.tracks(ended)

    def _match(self, tracks: Rows, found: Rows, detections: Detections, least: float) -> tuple[Rows, Rows]:
        """Pairs some tracks with some detections; returns what is left of both."""
        if not (len(tracks) and len(found)):
            return tracks, found
        likeness = iou(self._table.filter.boxes[tracks], detections.boxes[found].astype(np.float64))
        likeness *= same_group(self._table.labels[tracks], detections.labels[found])
        rows, columns = pair(likeness, least)
        self._table.see(tracks[rows], found[columns], detections)
        return left_over(tracks, rows), left_over(found, columns)
