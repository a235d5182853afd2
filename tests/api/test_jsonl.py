from pathlib import Path
from typing import Any

import pytest

from api.errors import Unreachable
from api.sink import Message
from api.sinks.jsonl import Jsonl
from tests.api.stage import passage


def messages(*numbers: int) -> list[Message]:
    events = [passage(number) for number in numbers]
    return [Message(number, one.camera, one.model_dump_json(by_alias=True)) for number, one in enumerate(events)]


def lines(path: Path) -> list[Any]:
    return path.read_text(encoding="utf-8").splitlines()


def test_events_are_appended_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "out" / "events.jsonl"
    file = Jsonl(id="log", path=path).connect()
    file.send(messages(1, 2))
    file.send(messages(3))
    assert lines(path) == [one.payload for one in messages(1, 2, 3)]
    file.close()


def test_a_line_that_a_crash_broke_off_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = Jsonl(id="log", path=path).connect()
    file.send(messages(1))
    with path.open("a") as more:
        more.write(messages(2)[0].payload[:40])
    file.send(messages(2, 3))
    assert lines(path) == [one.payload for one in messages(1, 2, 3)]
    path.write_text(messages(1)[0].payload[:40])
    file.send(messages(1))
    assert lines(path) == [messages(1)[0].payload]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("no\nend of line")
    with pytest.raises(Unreachable, match="does not end with a line of events; name another one"):
        Jsonl(id="log", path=path).connect().send(messages(1))
    assert path.read_text() == "no\nend of line"


def test_a_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = Jsonl(id="log", path=path).connect()
    file.send(messages(1))
    path.rename(tmp_path / "events.1.jsonl")
    file.send(messages(2))
    assert lines(path) == [messages(2)[0].payload]


def test_a_file_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, said in ((tmp_path, "Is a directory"), (tmp_path / "file" / "x.jsonl", "Not a directory|File exists")):
        with pytest.raises(Unreachable, match=f"{path}: ({said})"):
            Jsonl(id="log", path=path).connect().send(messages(1))
