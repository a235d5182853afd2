import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.outbox import LANES, Backlog, Outbox
from api.routing import Routing
from api.sinks.jsonl import Jsonl
from api.store import Store
from tests.api.receiver import SECRET, Receiver, receiving
from tests.api.served import ROOT
from tests.api.stage import NOON, WAIT_S, passage
from tests.api.test_routing import HANOI

SITE = """
version: 1
cameras: [{{id: gate, source: {{kind: synthetic}}}}]
sinks:
  - {{kind: webhook, id: ioc, url: "{url}", secret: "${{IOC_SECRET}}", networks: [127.0.0.1]}}
"""


class Office:
    """A database in which three passages were put aside for the sink `ioc`, and one waits."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/ngatu.db"
        sink = Jsonl.model_validate({"id": "ioc", "path": "x", "routes": [{}]})
        with Store.open(self.url, beside=Routing([sink], HANOI, lambda: NOON).note) as store:
            store.add([passage(number) for number in range(1, 5)])
            assert store.flush(WAIT_S)
        with Outbox.open(self.url) as outbox:
            for one in outbox.waiting("ioc", range(LANES), 3):
                assert outbox.refused("ioc", one.message.seq, "answers 422", 1)

    def run(self, *words: object) -> tuple[int, str, str]:
        """A command: its exit code, what it says, and what it says of errors."""
        ended = subprocess.run(
            [sys.executable, "-m", "api", "sinks", *map(str, words)],
            cwd=ROOT,
            env={"NGATU_DATABASE": self.url, "COLUMNS": "200", "IOC_SECRET": SECRET},
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    def backlog(self) -> Backlog | None:
        with Outbox.open(self.url) as outbox:
            return outbox.backlogs().get("ioc")


@pytest.fixture(name="office")
def fixture_office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(name="receiver")
def fixture_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_what_waits_and_was_put_aside_is_listed(office: Office) -> None:
    code, said, _ = office.run("list")
    assert code == 0
    assert [line.split() for line in said.splitlines()] == [["sink", "waiting", "dead"], ["ioc", "1", "3"]]
    code, said, _ = office.run("dead", "ioc", "--limit", 2)
    first, second = (line.split() for line in said.splitlines()[1:])
    assert first[:3] == ["ioc", passage(1).id, "passage.line_crossing"]
    assert first[3:] == ["road", "2026-11-24T05:00:00.000Z", "answers", "422"]
    assert second[1] == passage(2).id
    assert office.run("dead", "log")[1].splitlines()[1:] == []


def test_what_was_put_aside_is_replayed_or_dropped(office: Office) -> None:
    assert office.run("replay", "ioc", "--event", passage(2).id) == (0, "to be sent again: 1 event\n", "")
    assert office.backlog() == Backlog(waiting=2, dead=2)
    code, _, said = office.run("replay", "ioc", "--event", passage(2).id)
    assert (code, said) == (2, "ngatu: nothing of sink 'ioc' and these events was put aside\n")
    assert office.run("replay", "log") == (2, "", "ngatu: nothing of sink 'log' was put aside\n")
    assert office.run("drop", "ioc")[:2] == (0, "dropped: 2 events\n")
    assert office.backlog() == Backlog(waiting=2, dead=0)
    assert office.run("drop", "ioc", "--waiting")[:2] == (0, "dropped: 2 events\n")
    assert office.backlog() is None


def test_a_sink_is_tried(office: Office, receiver: Receiver, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(url=receiver.url))
    assert office.run("try", "ioc", "--site", site) == (0, "webhook 'ioc' has taken a test event\n", "")
    (post,) = receiver.posts
    assert (post.event["kind"], post.event["camera"]) == ("test", "gate")
    receiver.answer = lambda number, post: 401
    code, _, said = office.run("try", "ioc", "--site", site)
    assert code == 1
    assert said.startswith("ngatu: webhook 'ioc': the receiver answers 401: it does not accept the secret")
    code, _, said = office.run("try", "log", "--site", site)
    assert (code, said) == (2, f"ngatu: no sink 'log' in {site}; there are: ioc\n")
