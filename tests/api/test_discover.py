"""`ngatu discover` as people type it: a process of its own, on a network of its own, with a camera at the other end."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import network
from benchmarks.network import Machine, two_machines
from tests.api.served import ROOT
from tests.streams.onvif_peer import Peer
from vision.site import load_site

OURS, THEIRS, ELSEWHERE = "10.77.0.1", "10.77.0.2", "10.88.0.2"
SUBNET = "10.77.0.0/24"
PASSWORD = "p@ss: wörd/#"
CAMERA = Path(__file__).with_name("ipycam_camera.py")
Say = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(name="machines", scope="module")
def fixture_machines() -> Iterator[tuple[Machine, Machine]]:
    """Our machine, and one that has cameras."""
    if why := network.missing():
        pytest.skip(why)
    pytest.importorskip("ipycam")
    with two_machines(f"{OURS}/24", f"{THEIRS}/24", f"{ELSEWHERE}/24") as machines:
        yield machines


@pytest.fixture(name="discover")
def fixture_discover(machines: tuple[Machine, Machine]) -> Say:
    """Runs the command on our machine."""

    def run(*words: object, subnet: str = SUBNET, **environment: str) -> subprocess.CompletedProcess[str]:
        return ngatu(*machines[0].command(), words=("--subnet", subnet, "--timeout", 1.5, *words), **environment)

    return run


def ngatu(*before: str, words: tuple[object, ...], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "api", "discover", *map(str, words)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def cameras(machines: tuple[Machine, Machine], *arguments: tuple[object, ...], folder: Path) -> Iterator[None]:
    """Cameras of ipycam on the other machine."""
    with ExitStack() as running:
        for words in arguments:
            camera = subprocess.Popen(
                machines[1].command(sys.executable, CAMERA, *words),
                cwd=folder,  # it keeps its settings where it stands
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            running.callback(camera.wait, 20)
            running.callback(camera.communicate)  # the end of its input is its end
            assert camera.stdout
            said = []
            while (line := camera.stdout.readline()) != "ready\n":
                said.append(line)
                assert line, "".join(said)
        yield


def test_a_camera_is_found_listed_and_written(machines: tuple[Machine, Machine], discover: Say, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    with cameras(machines, (THEIRS, 8080), folder=tmp_path):
        ended = discover("--write", path)
        again = discover("--write", path)
    assert (ended.returncode, ended.stderr) == (0, f"wrote {path}: 1 camera\n")
    first, main, sub, picture = ended.stdout.splitlines()
    assert re.fullmatch(r"10\.77\.0\.2  Cong cho  \(PythonCam VirtualCam-1 \S+\), clock right", first)
    assert re.search(r"H264 +1920×1080 +30 fps +8000 kbit/s  rtsp://10.77.0.2:8554/video_main  ← record$", main)
    assert re.search(r"H264 +640×360 +30 fps +1000 kbit/s  rtsp://10.77.0.2:8554/video_sub  ← detect$", sub)
    assert picture.strip().startswith("one picture: http://10.77.0.2:")
    (camera,) = load_site(path, {"CAM_USER": "u", "CAM_PASSWORD": PASSWORD}).cameras
    assert camera.id == "cong-cho"
    assert again.returncode == 0
    assert "nothing written: all are there already" in again.stderr


def test_json_tells_the_same(machines: tuple[Machine, Machine], discover: Say, tmp_path: Path) -> None:
    with cameras(machines, (THEIRS, 8080), folder=tmp_path):
        ended = discover("--json", "--interface", machines[0].interface)
    assert (ended.returncode, ended.stderr) == (0, "")
    (device,) = json.loads(ended.stdout)
    assert device["xaddr"] == "http://10.77.0.2:8080/onvif/device_service"
    assert abs(device["clock_off_s"]) < 2
    assert [profile["width"] for profile in device["profiles"]] == [1920, 640]
    main, sub = (profile["token"] for profile in device["profiles"])
    assert device["cameras"] == [{"detect": sub, "record": main}]


def test_a_password_comes_from_the_environment_and_goes_nowhere(
    machines: tuple[Machine, Machine], discover: Say, tmp_path: Path
) -> None:
    path = tmp_path / "site.yaml"
    login = ("--user", "admin", "--password-env", "GATE")
    with cameras(machines, (THEIRS, 8080, "admin", PASSWORD), folder=tmp_path):
        right = discover(*login, "--write", path, GATE=PASSWORD)
        wrong = discover(*login, GATE="other-word")
        none = discover()
    assert right.returncode == 0, right.stderr
    assert '"rtsp://admin:${GATE}@10.77.0.2:8554/video_sub"' in path.read_text()
    assert load_site(path, {"GATE": PASSWORD}).cameras[0].record
    for said in (right.stdout, right.stderr, path.read_text(), wrong.stdout, wrong.stderr):
        assert PASSWORD not in said
        assert "other-word" not in said
    where = "http://10.77.0.2:8080/onvif/device_service"
    assert wrong.returncode == 1
    assert wrong.stderr.startswith(f"ngatu: {where}: user or password is wrong (401)")
    assert none.returncode == 1
    assert "asks for a user and a password (401); give --user and --password-env" in none.stderr


def test_a_camera_that_says_it_is_elsewhere_is_left_alone(
    machines: tuple[Machine, Machine], discover: Say, tmp_path: Path
) -> None:
    with cameras(machines, (ELSEWHERE, 8080), folder=tmp_path):
        ended = discover("--unicast", "--write", "-", subnet="10.77.0.0/30")
    assert ended.stdout == ""
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"ngatu: {THEIRS} answers with http://{ELSEWHERE}:8080/onvif/device_service, outside 10.77.0.0/30: left alone",
        "ngatu: nothing written: no camera to be written",
    ]


def test_an_empty_network_is_told(discover: Say) -> None:
    ended = discover()
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("ngatu: no ONVIF camera in 10.77.0.0/24 answered;")


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("--subnet", "gate"), "'gate' is no subnet; write it such as 192.168.1.0/24"),
        (("--subnet", "10.0.0.0/8"), "10.0.0.0/8 is larger than /16"),
        (("--subnet", "10.0.0.0/16", "--unicast"), "at most a /22 is asked one by one"),
        (("--subnet", "240.0.0.0/24"), "this machine has no address in 240.0.0.0/24; name the way there"),
        (("--subnet", "127.0.0.0/24", "--interface", "eth77"), "this machine has no interface 'eth77'"),
        (("--subnet", "127.0.0.0/24", "--interface", "lo", "--address", "127.0.0.1"), "give one of them"),
        (("--subnet", "127.0.0.0/24", "--user", "admin"), "--user and --password-env belong together"),
        (("--subnet", "127.0.0.0/24", "--user", "a", "--password-env", "NOT_SET"), "NOT_SET is not set; set it first"),
        (("--subnet", "127.0.0.0/24", "--json", "--write", "-"), "leave one out"),
        (("--subnet", "127.0.0.0/24", "--write", "/nowhere/site.yaml"), "name a file in one that does"),
    ],
)
def test_bad_input_is_told_before_anybody_is_asked(words: tuple[str, ...], cause: str) -> None:
    ended = ngatu(words=words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert cause in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    ended = ngatu(words=("--subnet", "127.0.0.0/24", "--user", "admin", "--password-env", "s3cret!"))
    assert ended.returncode == 2
    assert "not the password itself" in ended.stderr
    assert "s3cret!" not in ended.stderr


def test_without_the_extra_it_is_told_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "onveef.py").write_text("raise ModuleNotFoundError(\"No module named 'onveef'\", name='onveef')\n")
    ended = ngatu(words=("--subnet", "127.0.0.0/24"), PYTHONPATH=str(tmp_path))
    assert ended.returncode == 2
    assert "pip install 'ngatu[discovery]'" in ended.stderr


def test_one_camera_that_is_wrong_keeps_no_other_from_being_told(tmp_path: Path) -> None:
    """On the loopback, where every address is one of ours; each device listens at the port of discovery."""
    garbage, hanging, refusing, right = (Peer(f"127.0.77.{last}") for last in (1, 2, 5, 6))
    hanging.hangs = ("GetProfiles",)
    refusing.user = "somebody"
    late = Peer("127.0.77.4", ahead_s=-90.0)
    path = tmp_path / "site.yaml"
    with ExitStack() as running:
        for peer in (garbage, hanging, late, refusing, right):
            running.enter_context(peer.at_work())
            running.enter_context(peer.discoverable(3702, raw=b"<garbage" if peer is garbage else None))
        ended = ngatu(words=("--subnet", "127.0.77.0/29", "--unicast", "--timeout", 1, "--write", path))
    assert ended.returncode == 1
    told: list[Any] = ended.stderr.splitlines()
    assert told == [
        f"ngatu: {hanging.xaddr}: no answer in 1 s",
        f"ngatu: {refusing.xaddr}: asks for a user and a password (401); give --user and --password-env",
        "ngatu: 127.0.77.4: clock 90 s behind: give camera and server the same NTP server",
        f"wrote {path}: 2 cameras",
    ]
    assert [line.split()[0] for line in ended.stdout.splitlines() if line[0] != " "] == ["127.0.77.4", "127.0.77.6"]
    made = load_site(path, {"CAM_USER": "u", "CAM_PASSWORD": "p"})
    assert [camera.id for camera in made.cameras] == ["cong-cho", "cong-cho-6"]


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    """The first of two devices has answered, the second does not come to an end."""
    right, endless = Peer("127.0.77.1"), Peer("127.0.77.2")
    endless.trickles = ("GetProfiles",)
    path = tmp_path / "site.yaml"
    with ExitStack() as running:
        for peer in (right, endless):
            running.enter_context(peer.at_work())
            running.enter_context(peer.discoverable(3702))
        words = ("--subnet", "127.0.77.0/30", "--unicast", "--timeout", "4", "--write", str(path))
        command = subprocess.Popen(
            [sys.executable, "-u", "-m", "api", "discover", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert command.stdout
        assert command.stdout.readline().startswith("127.0.77.1 ")
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert said.splitlines() == [f"wrote {path}: 1 camera", "ngatu: interrupted"]
    assert [camera.id for camera in load_site(path, {"CAM_USER": "u", "CAM_PASSWORD": "p"}).cameras] == ["cong-cho"]
