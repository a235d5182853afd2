"""Health and metrics: for people and machines that look after the installation."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.answers import CameraHealthAnswer, CommonFaultAnswer, HealthAnswer, RecordingAnswer, StoreAnswer, rounded
from api.archive import ArchiveState
from api.deps import Here
from api.sink_answers import SinkAnswer
from streams.health import LOST_STATES
from streams.supervisor import CommonFault
from vision.engine import CameraStatus

router = APIRouter(tags=["operation"])

_METRICS_EXAMPLE = (
    "# HELP ngatu_frames_analysed_total Frames that were analysed\n"
    "# TYPE ngatu_frames_analysed_total counter\n"
    'ngatu_frames_analysed_total{camera="cau-vuot-1"} 6218.0\n'
)


@router.get(
    "/health",
    summary="Is all well?",
    responses={
        503: {
            "model": HealthAnswer,
            "description": "Events can't be written. They wait in memory; look at `store.reason`.",
        }
    },
)
def read_health(here: Here, response: Response) -> HealthAnswer:
    """200 while the program does its work, 503 while it can't keep what it finds.

    A camera that is lost, or a receiver of events that takes nothing, makes it `degraded` and leaves it at 200:
    starting the program again would not help.
    """
    status = here.engine.status()
    state = here.store.state()
    common = here.engine.common_fault()
    reasons = _lost(status, common)
    # The log has the trace; what an exception says is not for every caller.
    reasons += [f"camera {name!r}: {part} has stopped" for name, one in status.items() for part in one.faults]
    archive = here.archive.state() if here.archive else None
    if archive:
        reasons += _not_recorded(archive)
    sinks = here.deliveries.states() if here.deliveries else []
    reasons += [fault for sink in sinks for fault in sink.faults(datetime.now(UTC))]
    if not state.writing:
        response.status_code = 503
        reasons.insert(0, f"the database can't be written: {state.reason}; events that wait: {state.pending}")
    if state.lost:
        reasons.insert(0, f"events lost since the start: {state.lost}")
    return HealthAnswer(
        status="degraded" if reasons else "ok",
        reasons=reasons,
        version=here.version,
        common_fault=CommonFaultAnswer.of(common) if common else None,
        store=StoreAnswer(
            writing=state.writing,
            reason=state.reason,
            since=state.since,
            pending=state.pending,
            capacity=state.capacity,
            written=state.written,
            lost=state.lost,
        ),
        cameras=[
            CameraHealthAnswer(
                id=name,
                state=one.stream.state,
                reason=one.stream.reason or None,
                since=one.stream.since,
                faults=list(one.faults),
                worker=rounded(one.stream.worker),
            )
            for name, one in status.items()
        ],
        recording=RecordingAnswer.of(archive) if archive else None,
        sinks=[SinkAnswer.of(sink) for sink in sinks],
    )


def _lost(status: Mapping[str, CameraStatus], common: CommonFault | None) -> list[str]:
    """Cameras that give no picture, and why; a fault that many have in common is one reason, not one a camera."""
    together = common.cameras if common else ()
    return ([str(common)] if common else []) + [
        f"camera {name!r} is {one.stream.state}" + (f": {one.stream.reason}" if one.stream.reason else "")
        for name, one in status.items()
        if name not in together
        and (one.stream.state in LOST_STATES or (one.stream.state == "connecting" and one.stream.reason))
    ]


def _not_recorded(archive: ArchiveState) -> list[str]:
    """What of recording is not as it should; a disk that is full is one reason, not one a camera."""
    reasons = [f"nothing is recorded: {archive.stopped}"] if archive.stopped else []
    reasons += [f"recordings can't be noted: {archive.index}"] if archive.index else []
    return reasons + [
        f"camera {camera!r} is not recorded: {one.reason}"
        for camera, one in archive.recorders.items()
        if one.reason and not (archive.stopped and one.state == "stopped")
    ]


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Text format of Prometheus.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _METRICS_EXAMPLE}},
        }
    },
)
def read_metrics(here: Here) -> Response:
    """Frames, drops, states, inference times, events and the store, as Prometheus reads them."""
    return Response(here.metrics.text(), media_type=CONTENT_TYPE_LATEST)
