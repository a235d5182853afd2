import re
from pathlib import Path
from typing import Any

import pytest

from vision.errors import SiteError
from vision.site_tree import anchored, filled, read_tree


def source(url: str) -> dict[str, Any]:
    return {"cameras": [{"source": {"kind": "rtsp", "url": url}}]}


def test_variables_of_an_address_are_filled_in_percent_encoded() -> None:
    tree, faults = filled(
        source("rtsp://${USER}:${PASSWORD}@${HOST}/x$1"), {"USER": "a", "PASSWORD": "p@/ ", "HOST": "h"}
    )
    assert tree == source("rtsp://a:p%40%2F%20@h/x$1")
    assert faults == []


@pytest.mark.parametrize(
    ("url", "causes"),
    [
        ("rtsp://${USER}:${PASSWORD}@h/x", ["variable USER is not set; .*export USER=…", "PASSWORD is not set"]),
        ("rtsp://u:${cam-pw}@h/x", [r"in `\$\{…\}` must be the name of an environment variable"]),
        ("rtsp://u:${}@h/x", [r"in `\$\{…\}` must be the name"]),
        ("rtsp://u:${1st}@h/x", [r"in `\$\{…\}` must be the name"]),
        ("rtsp://u:${SET}${PW@h/x", [r"`\$\{` without its `\}`; write \$\{NAME\}"]),
        ("rtsp://u:${PW${cam-pw}@h/x", [r"without its", "must be the name"]),
        ("${", [r"without its"]),
    ],
)
def test_a_variable_that_can_not_be_filled_in_is_told_with_its_place(url: str, causes: list[str]) -> None:
    tree, faults = filled(source(url), {"SET": "x", "cam-pw": "x"})
    assert [fault.path for fault in faults] == ["cameras[0].source.url"] * len(causes)
    for fault, cause in zip(faults, causes, strict=True):
        assert re.search(cause, fault.cause)
    assert "${" not in tree["cameras"][0]["source"]["url"]


def test_no_message_shows_what_may_be_a_password() -> None:
    for url in ("rtsp://u:${geheim!}@h/x", "rtsp://u:a${geheim@h/x"):
        assert not any("geheim" in str(fault) for fault in filled(source(url), {})[1])


def test_a_variable_elsewhere_is_refused() -> None:
    tree = {"site": {"name": "${NAME}"}, "cameras": [{"source": {"path": "${CLIPS}/a.mp4", "url_of": "$"}}, 7, None]}
    same, faults = filled(tree, {"NAME": "x", "CLIPS": "/clips"})
    assert same == tree
    assert [fault.path for fault in faults] == ["site.name", "cameras[0].source.path"]
    assert faults[0].cause == "`${…}` is filled in only where the key is `url` or `secret`; write the value itself"


def test_a_secret_is_filled_in_as_it_is() -> None:
    tree, faults = filled({"sinks": [{"secret": "${KEY}"}, {"secret": "${NONE}"}]}, {"KEY": "whsec_a/b+c="})
    assert tree["sinks"][0] == {"secret": "whsec_a/b+c="}
    assert [str(fault) for fault in faults] == [
        "sinks[1].secret: the environment variable NONE is not set; set it before you start: export NONE=…"
    ]


def test_paths_are_relative_to_the_folder_of_the_file() -> None:
    def block(model: str, path: str) -> dict[str, Any]:
        return {"detector": {"model": model}, "source": {"path": path}}

    tree = {"defaults": block("street-n", "a.mp4"), "cameras": [block("m.onnx", "/b.mp4"), block("m/x", "c"), 7]}
    folder = Path("/sites")
    assert anchored(tree, folder) == {
        "defaults": block("street-n", "/sites/a.mp4"),
        "cameras": [block("/sites/m.onnx", "/b.mp4"), block("/sites/m/x", "/sites/c"), 7],
    }
    assert anchored({"cameras": 7}, folder) == {"cameras": 7}
    wrong = {"cameras": [{"source": "a.mp4", "detector": {"model": 7}}]}
    assert anchored(wrong, folder) == wrong
    sinks = {"sinks": [{"path": "out.jsonl"}, {"path": "/out.jsonl"}, {"path": 7}, 7]}
    assert anchored(sinks, folder) == {"sinks": [{"path": "/sites/out.jsonl"}, {"path": "/out.jsonl"}, {"path": 7}, 7]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\ncameras: [", "no valid YAML: .*line 2"),
        ("- a\n- b", "a site file is a mapping"),
        ("", "a site file is a mapping"),
        ("lines: {l: 1, l: 2}", 'no valid YAML: .*duplicate key "l"'),
    ],
)
def test_what_is_no_mapping_in_yaml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(SiteError, match=message) as caught:
        read_tree(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="no such file"):
        read_tree(tmp_path / "no.yaml")
    with pytest.raises(SiteError, match="can't be read"):
        read_tree(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SiteError, match="can't be read"):
        read_tree(tmp_path / "binary.yaml")
