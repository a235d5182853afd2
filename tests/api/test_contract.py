"""What the page reads of the API is what the API writes: its TypeScript shapes against the answers."""

import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from api.answers import (
    CameraAnswer,
    CommonFaultAnswer,
    EventsAnswer,
    GapAnswer,
    HealthAnswer,
    KindAnswer,
    PartAnswer,
    RuleAnswer,
    SiteAnswer,
)
from api.live import PartKind
from streams.health import StreamState, WorkerHealth, WorkerState
from tests.api.browser import BUILT
from vision.events import EventBase, Incident, LabelWord, Measurement, Passage, Severity, Violation

CONTRACT = (BUILT.parents[1] / "src/server/contract.ts").read_text(encoding="utf-8")


def fields(interface: str) -> set[str]:
    found = re.search(rf"^(?:export )?interface {interface} .*?\n}}", CONTRACT, re.DOTALL | re.MULTILINE)
    assert found, interface
    return set(re.findall(r"^  (\w+)\??:", found[0], re.MULTILINE))


@pytest.mark.parametrize(
    ("interface", "answer"),
    [
        ("EventBase", EventBase),
        ("Passage", Passage),
        ("Violation", Violation),
        ("Incident", Incident),
        ("Measurement", Measurement),
        ("EventPage", EventsAnswer),
        ("EventKind", KindAnswer),
        ("Gap", GapAnswer),
        ("CameraWorker", WorkerHealth),
        ("Part", PartAnswer),
        ("Rule", RuleAnswer),
        ("Camera", CameraAnswer),
        ("Site", SiteAnswer),
        ("CommonFault", CommonFaultAnswer),
        ("Health", HealthAnswer),
    ],
)
def test_every_field_that_the_page_reads_is_written(interface: str, answer: type[BaseModel]) -> None:
    read = fields(interface)
    assert read
    assert read <= set(answer.model_json_schema(mode="serialization")["properties"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LABELS", LabelWord),
        ("Severity", Severity),
        ("CameraState", StreamState),
        ("WorkerState", WorkerState),
        ("PartKind", PartKind),
    ],
)
def test_the_page_knows_every_word(name: str, words: Any) -> None:
    found = re.search(rf"^export (?:type|const) {name} =(.*?);", CONTRACT, re.DOTALL | re.MULTILINE)
    assert found
    assert re.findall(r'"(\w+)"', found[1]) == list(get_args(words))
