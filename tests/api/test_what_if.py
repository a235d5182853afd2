"""The page on what-if replays: its very commands, over its very site files."""

import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_command_line import lines, ngatu

PAGE = Path(__file__).parents[2] / "docs/what-if.md"


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all that the page says has been done."""
    folder = tmp_path_factory.mktemp("what-if")
    text = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        name = re.match(r"# ([\w.]+)", block)
        assert name, "each file has its name in its first line"
        (folder / name[1]).write_text(block, encoding="utf-8")
    [script] = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for command in script.splitlines():
        words = shlex.split(command)[1:]
        run = ngatu(*(folder / word if word.endswith((".yaml", ".jsonl", ".gz")) else word for word in words))
        assert run.returncode == 0, (command, run.stderr)
    return folder


def kinds(events: list[dict[str, Any]]) -> Counter[str]:
    told = (one for one in events if one["family"] != "measurement" and one.get("status") != "ended")
    return Counter(one["kind"] for one in told)


def test_a_replay_gives_exactly_the_events_of_the_live_run(folder: Path) -> None:
    live = lines(folder / "live.jsonl")
    assert min(kinds(live).values()) > 0
    assert set(kinds(live)) == {"line_crossing", "loitering"}
    assert all(one["at"].startswith("2026-11-24T00:0") for one in live)
    assert (folder / "again.jsonl").read_bytes() == (folder / "live.jsonl").read_bytes()


def test_a_changed_site_gives_other_events_and_the_same_ids_where_nothing_changed(folder: Path) -> None:
    live, changed = lines(folder / "live.jsonl"), lines(folder / "what-if.jsonl")
    assert kinds(changed)["wrong_way"] > 3
    assert 0 < kinds(changed)["loitering"] < kinds(live)["loitering"]
    crossings, motorcycles = ([one for one in events if one["kind"] == "line_crossing"] for events in (live, changed))
    assert motorcycles == [one for one in crossings if one["label"] == "motorcycle"]
    assert 0 < len(motorcycles) < len(crossings)
