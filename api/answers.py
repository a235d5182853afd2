"""Answers: the JSON shapes that the API gives, beside the events themselves."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer

from api.archive import ArchiveState
from api.live import CameraCard, Part, PartKind
from api.sink_answers import SINK, SinkAnswer
from models.observation import SignalState
from streams.health import StreamState, WorkerHealth
from streams.recorder import RecorderState
from streams.supervisor import CommonFault
from vision.engine import CameraStatus
from vision.events import Event, rfc3339

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
STARTED = "2026-11-24T07:05:09.120Z"
WORKER: dict[str, JsonValue] = {
    "home": "process",
    "state": "running",
    "restarts": 0,
    "process": 4711,
    "memory_mb": 96.4,
}
MAIN_LINE: dict[str, JsonValue] = {"kind": "line", "id": "main", "name": "Vạch đếm"}


class SiteAnswer(BaseModel):
    """The organisation and its clock."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "soc-trang",
                    "name": "IOC Sóc Trăng",
                    "timezone": "Asia/Ho_Chi_Minh",
                    "version": "0.1.0",
                    "now": STARTED,
                }
            ]
        }
    )

    id: str = Field(description="Id of the site.")
    name: str = Field(description="Its name for people.")
    timezone: str = Field(description="IANA name of its time zone; times of the page are shown in it.")
    version: str = Field(description="Version of Ngã Tư that answers.")
    now: Moment = Field(description="The server's clock, UTC.")


class GapAnswer(BaseModel):
    """A time without pictures."""

    since: Moment = Field(serialization_alias="from", description="Since when.")
    until: Moment | None = Field(serialization_alias="to", description="Until when; null while it lasts.")
    reason: str = Field(description="Why, for people.")


class PartAnswer(BaseModel):
    """A part of a camera's scene."""

    kind: PartKind = Field(description="What it is.")
    id: str = Field(description="Its id in the site file.")
    name: str | None = Field(description="Its name for people; null where it has none.")

    @classmethod
    def of(cls, part: Part) -> "PartAnswer":
        """The part."""
        return cls(kind=part.kind, id=part.id, name=part.name or None)


class RuleAnswer(BaseModel):
    """A rule of a camera."""

    id: str = Field(description="Id of the rule in the site file.")
    kind: str = Field(description="Which sort of rule.")
    parts: list[PartAnswer] = Field(description="The lines, zones, lanes and signals that it watches.")


class CameraAnswer(BaseModel):
    """A camera and how it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "cau-vuot-1",
                    "name": "Cầu vượt – hướng chợ",
                    "state": "live",
                    "reason": None,
                    "since": STARTED,
                    "fps": 25.0,
                    "detect_fps": 9.8,
                    "frames": 15320,
                    "dropped": 9102,
                    "reconnects": 1,
                    "retry_in_s": None,
                    "size": [1280, 720],
                    "last_frame_at": "2026-11-24T07:15:22.040Z",
                    "detector": "street-n 640×384, ONNX Runtime CPU",
                    "simulated": False,
                    "gaps": [
                        {
                            "from": "2026-11-24T07:01:02.000Z",
                            "to": STARTED,
                            "reason": "no picture for 5 s",
                        }
                    ],
                    "worker": WORKER,
                    "recorded": True,
                    "lines": ["main"],
                    "zones": ["shoulder"],
                    "parts": [MAIN_LINE, {"kind": "zone", "id": "shoulder", "name": None}],
                    "rules": [{"id": "count-main", "kind": "line_crossing", "parts": [MAIN_LINE]}],
                }
            ]
        }
    )

    id: str = Field(description="Id of the camera in the site file.")
    name: str = Field(description="Its name for people.")
    state: StreamState = Field(description="State of its stream; `connecting` until its first picture.")
    reason: str | None = Field(description="Why it is not live, for people; null while all is well.")
    since: Moment = Field(description="Since when it has been in this state.")
    fps: float = Field(description="Frames a second that come from the camera.")
    detect_fps: float = Field(description="Frames a second that are analysed.")
    frames: int = Field(description="Frames that came since the start.")
    dropped: int = Field(description="Frames that were not analysed because a newer one was there.")
    reconnects: int = Field(description="How often the stream was lost and opened again.")
    retry_in_s: float | None = Field(description="Seconds until the next try; null where none is due.")
    size: tuple[int, int] | None = Field(description="Width and height, px; null before the first frame.")
    last_frame_at: Moment | None = Field(description="When the newest frame was taken, UTC.")
    detector: str = Field(description="What finds road users: model, input, execution provider.")
    simulated: bool = Field(description="Whether a simulator, not a detector, says where road users are.")
    gaps: list[GapAnswer] = Field(description="Times without pictures, newest last.")
    worker: WorkerHealth = Field(description="Who reads it.")
    recorded: bool = Field(description="Whether it is recorded, so that its events have clips.")
    lines: list[str] = Field(description="Ids of its lines.")
    zones: list[str] = Field(description="Ids of its zones and lanes.")
    parts: list[PartAnswer] = Field(description="Its lines, zones, lanes and signals with their names.")
    rules: list[RuleAnswer] = Field(description="What is looked for.")

    @classmethod
    def of(cls, card: CameraCard, status: CameraStatus, detect_fps: float) -> "CameraAnswer":
        """A camera as it is now."""
        stream = status.stream
        return cls(
            id=card.id,
            name=card.name,
            state=stream.state,
            reason=stream.reason or None,
            since=stream.since,
            fps=round(stream.fps, 1),
            detect_fps=round(detect_fps, 1),
            frames=stream.received,
            dropped=stream.dropped,
            reconnects=stream.reconnects,
            retry_in_s=stream.retry_in_s,
            size=stream.size,
            last_frame_at=stream.captured_at,
            detector=card.detector,
            simulated=card.simulated,
            gaps=[GapAnswer(since=gap.began, until=gap.ended, reason=gap.reason) for gap in stream.gaps],
            worker=rounded(stream.worker),
            recorded=card.recorded,
            lines=list(card.scene.lines),
            zones=[*card.scene.zones, *card.scene.lanes],
            parts=[PartAnswer.of(part) for part in card.parts],
            rules=[
                RuleAnswer(id=rule.id, kind=rule.kind, parts=[PartAnswer.of(p) for p in card.parts_by_rule[rule.id]])
                for rule in card.rules
            ],
        )


def rounded(worker: WorkerHealth) -> WorkerHealth:
    """The same with a memory that people can read."""
    memory_mb = None if worker.memory_mb is None else round(worker.memory_mb, 1)
    return worker.model_copy(update={"memory_mb": memory_mb})


class CamerasAnswer(BaseModel):
    """All cameras."""

    items: list[CameraAnswer] = Field(description="The cameras in the order of the site file.")


class SignalAnswer(BaseModel):
    """A traffic signal and what it shows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "camera": "cau-vuot-1",
                    "id": "near",
                    "kind": "feed",
                    "state": "red",
                    "since": STARTED,
                    "at": "2026-11-24T07:05:22.520Z",
                }
            ]
        }
    )

    camera: str = Field(description="Id of the camera.")
    id: str = Field(description="Id of the signal.")
    kind: Literal["lamp", "feed"] = Field(description="`lamp`: read from the picture; `feed`: told by this API.")
    state: SignalState = Field(
        description="What it shows. `unknown`: a lamp that can't be read, or whose camera gives no picture now; a feed "
        "that was not told in time."
    )
    since: Moment | None = Field(description="Since when, UTC; null where that is not known.")
    at: Moment | None = Field(
        description="Of when this is, UTC: of a lamp the time of the newest picture; null: there has been none yet."
    )


class SignalsAnswer(BaseModel):
    """Signals."""

    items: list[SignalAnswer] = Field(description="The signals, by camera in the order of the site file.")


class EventsAnswer(BaseModel):
    """A page of events."""

    items: list[Event] = Field(description="Events, newest first.")
    next: str | None = Field(description="Give this as `cursor` for the next page; null: there is none.")


class KindAnswer(BaseModel):
    """A kind of events."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"family": "passage", "kind": "line_crossing"}]})

    family: Literal["passage", "violation", "incident", "measurement"] = Field(description="Family of its events.")
    kind: str = Field(description="Kind of the events.")


class KindsAnswer(BaseModel):
    """Kinds of events."""

    items: list[KindAnswer] = Field(description="The kinds, by name.")


class StoreAnswer(BaseModel):
    """How writing to the database goes."""

    writing: bool = Field(description="Whether it can be written.")
    reason: str | None = Field(description="Why not; null while all is well.")
    since: Moment = Field(description="Since when it has been so.")
    pending: int = Field(description="Events that wait in memory to be written.")
    capacity: int = Field(description="How many may wait; more are lost, and counted.")
    written: int = Field(description="Changes written since the start.")
    lost: int = Field(description="Events lost since the start.")


class CameraHealthAnswer(BaseModel):
    """How a camera is, in short."""

    id: str = Field(description="Id of the camera.")
    state: StreamState = Field(description="State of its stream; `connecting` until its first picture.")
    reason: str | None = Field(description="Why it is not live; null while all is well.")
    since: Moment = Field(description="Since when.")
    faults: list[str] = Field(description="What has stopped by a fault of ours: rules by id, or `detector`.")
    worker: WorkerHealth = Field(description="Who reads it.")


class CommonFaultAnswer(BaseModel):
    """One fault that took many cameras away together."""

    since: Moment = Field(description="When the first of them was lost.")
    cameras: list[str] = Field(description="Ids of those that are not back yet.")
    watched: int = Field(description="How many live cameras there are.")
    reason: str = Field(description="Why the first of them was lost.")

    @classmethod
    def of(cls, fault: CommonFault) -> "CommonFaultAnswer":
        """The fault as it is now."""
        return cls(since=fault.since, cameras=list(fault.cameras), watched=fault.watched, reason=fault.reason)


class RecorderAnswer(BaseModel):
    """How the recording of a camera goes."""

    id: str = Field(description="Id of the camera.")
    state: RecorderState = Field(
        description="`recording`, or why not: `stalled`, `lost`, `refused` (somebody has to mend it), `stopped` (disk)."
    )
    reason: str | None = Field(description="Why it is not recorded; null while all is well.")
    since: Moment = Field(description="Since when.")
    recorded_to: Moment | None = Field(description="Until when it is recorded in whole segments; null: not yet.")
    clock: Literal["camera", "arrival"] | None = Field(
        description="Whose clock recordings are named by: the camera's own (RTCP), or ours at arrival."
    )
    clock_off_s: float | None = Field(description="How far its clock is ahead of ours, s; null where it sends none.")


class RecordingAnswer(BaseModel):
    """How recording goes."""

    stopped: str | None = Field(description="Why nothing is recorded for want of room; null while there is room.")
    bytes: int = Field(description="Size of all recordings.")
    free_bytes: int = Field(description="Free on their disk.")
    cameras: list[RecorderAnswer] = Field(description="The cameras that are recorded.")

    @classmethod
    def of(cls, state: ArchiveState) -> "RecordingAnswer":
        """How it goes now."""
        return cls(
            stopped=state.stopped or None,
            bytes=state.bytes,
            free_bytes=state.free_bytes,
            cameras=[
                RecorderAnswer(
                    id=camera,
                    state=one.state,
                    reason=one.reason or None,
                    since=one.since,
                    recorded_to=one.recorded_to,
                    clock=one.clock,
                    clock_off_s=None if one.clock_off_s is None else round(one.clock_off_s, 3),
                )
                for camera, one in state.recorders.items()
            ],
        )


class HealthAnswer(BaseModel):
    """How the whole installation is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "degraded",
                    "reasons": ["camera 'cau-vuot-1' is lost: it does not answer"],
                    "version": "0.1.0",
                    "store": {
                        "writing": True,
                        "reason": None,
                        "since": STARTED,
                        "pending": 0,
                        "capacity": 100000,
                        "written": 1520,
                        "lost": 0,
                    },
                    "cameras": [
                        {
                            "id": "cau-vuot-1",
                            "state": "lost",
                            "reason": "it does not answer",
                            "since": STARTED,
                            "faults": [],
                            "worker": WORKER | {"state": "waiting", "process": None, "memory_mb": None},
                        }
                    ],
                    "common_fault": None,
                    "recording": None,
                    "sinks": [SINK],
                }
            ]
        }
    )

    status: Literal["ok", "degraded"] = Field(description="`degraded` as soon as anything is not as it should.")
    reasons: list[str] = Field(description="What is not as it should, for people.")
    version: str = Field(description="Version of Ngã Tư that answers.")
    store: StoreAnswer = Field(description="The database.")
    cameras: list[CameraHealthAnswer] = Field(description="The cameras.")
    common_fault: CommonFaultAnswer | None = Field(
        description="A fault that many cameras have in common, such as a dead switch; null where there is none."
    )
    recording: RecordingAnswer | None = Field(description="How recording goes; null where nothing is to be recorded.")
    sinks: list[SinkAnswer] = Field(description="How it goes with those that events are sent to.")
