"""`ngatu serve` with a receiver of events that is slow and away, while the server itself is killed."""

import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.store import Store
from streams.sources.synthetic import SyntheticSource
from tests.api.receiver import SECRET, Receiver, firsts, receiving
from tests.api.served import Served, serving

SITE = """
version: 1
defaults: {{detector: {{kind: simulated}}, measure: {{intervals_s: []}}}}
cameras:
  - id: one
    source: {{kind: synthetic, seed: 1, size: [320, 180]}}
    lines: {{road: {{from: {start}, to: {end}}}}}
    rules: [{{kind: line_crossing, id: count, line: road}}]
  - id: two
    source: {{kind: synthetic, seed: 2, size: [320, 180]}}
    lines: {{road: {{from: {start}, to: {end}}}}}
    rules: [{{kind: line_crossing, id: count, line: road}}]
sinks:
  - kind: webhook
    id: ioc
    url: "{url}"
    secret: "${{IOC_SECRET}}"
    networks: [127.0.0.1]
    routes: [{{families: [passage]}}]
"""


@pytest.fixture(name="receiver")
def fixture_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_all_that_was_stored_arrives_whoever_is_killed(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_SECRET", SECRET)
    site = tmp_path / "site.yaml"
    start, end = (list(map(float, point)) for point in SyntheticSource.LINE)
    site.write_text(SITE.format(url=receiver.url, start=start, end=end))

    def waiting(served: Served) -> int:
        (sink,) = served.get("/api/v1/sinks")["items"]
        return int(sink["waiting"])

    receiver.delay_s = 0.3  # so that something is being sent when the server is killed
    with serving(tmp_path, "serve", "--site", site, stopped_by=signal.SIGKILL) as served:
        served.until(lambda: len(receiver.posts) >= 4, 120, "events arrive")
        served.until(lambda: waiting(served) >= 1, 120, "one is on its way")
    receiver.stop()
    with serving(tmp_path, "serve", "--site", site, stopped_by=signal.SIGKILL) as served:
        served.until(lambda: waiting(served) >= 4, 120, "events wait")
        served.until(lambda: "webhook 'ioc' has not taken" in httpx.get(f"{served.url}/health").text, 60, "it is told")
    receiver.delay_s = 0.0
    receiver.start()
    known = len(receiver.posts)
    with serving(tmp_path, "serve", "--site", site) as served:
        served.until(lambda: len(receiver.posts) >= known + 6, 120, "all arrive")
    assert SECRET not in (tmp_path / "server.log").read_text()

    stored: dict[str, list[str]] = defaultdict(list)
    with Store.open(f"sqlite:///{tmp_path}/ngatu.db") as store:
        for event in store.changes_after(0, 10_000):
            if event.kind == "line_crossing":
                stored[event.camera].append(event.id)
    came = firsts(receiver.ids())
    cameras = {post.headers["webhook-id"]: post.event["camera"] for post in receiver.posts}
    assert {name: [one for one in came if cameras[one] == name] for name in stored} == stored
    assert len(stored) == 2
