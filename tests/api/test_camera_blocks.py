from pathlib import Path

import pytest

from api.camera_blocks import FoundCamera, Login, SiteText, blocks, new_site, slug, write
from api.errors import ApiError
from streams.onvif_profiles import Profile
from streams.record import Record
from streams.sources.rtsp import RtspSource
from vision.errors import SiteError
from vision.site import Site, load_site

LOGIN = Login.of("admin", "GATE_PASSWORD")
SET = {"GATE_PASSWORD": "p@ss: word/#", "CAM_USER": "me", "CAM_PASSWORD": "x"}
THERE = """\
# Cameras of the market. Ask Lan before you change anything.
version: 1
site: {id: market,   name: "Chợ"}   # odd spaces are kept
cameras:
  # the old one
  - id: gate
    source: {kind: rtsp, url: "rtsp://admin:${GATE_PASSWORD}@10.0.0.1:554/sub"}
    lines:
      road: {from: [0.05, 0.60], to: [0.95, 0.60]}   # measured by hand
    rules:
      - {kind: line_crossing, id: count, line: road}
      # - {kind: line_crossing, id: count-2, line: road}

# what holds for all
defaults:
  detector: {kind: simulated}
"""


def camera(name: str = "Cổng chợ", host: str = "10.0.0.7", sub: str = "/sub", main: str = "/main") -> FoundCamera:
    detect = Profile("2", "Sub", "lens", "H264", 640, 360, 15.0, 512, f"rtsp://{host}{sub}")
    record = Profile("1", "Main", "lens", "H265", 2560, 1440, None, None, f"rtsp://{host}{main}")
    return FoundCamera(name, host, detect, record)


def loaded(text: str, folder: Path) -> Site:
    path = folder / "made.yaml"
    path.write_text(text)
    return load_site(path, SET)


def test_a_block_is_a_camera_of_a_site_file(tmp_path: Path) -> None:
    text = blocks([camera()], LOGIN)
    assert text == (
        "  - id: cong-cho\n"
        '    name: "Cổng chợ"\n'
        '    source: {kind: rtsp, url: "rtsp://admin:${GATE_PASSWORD}@10.0.0.7/sub"}    '
        "# 640×360 H264 15 fps 512 kbit/s\n"
        '    record: {url: "rtsp://admin:${GATE_PASSWORD}@10.0.0.7/main"}    # 2560×1440 H265\n'
    )
    (made,) = loaded(new_site(text), tmp_path).cameras
    assert (made.id, made.name) == ("cong-cho", "Cổng chợ")
    assert made.source == RtspSource(url="rtsp://admin:p%40ss%3A%20word%2F%23@10.0.0.7/sub")
    assert made.record == Record(url="rtsp://admin:p%40ss%3A%20word%2F%23@10.0.0.7/main")


def test_without_a_login_both_are_left_to_the_environment() -> None:
    assert '"rtsp://${CAM_USER}:${CAM_PASSWORD}@10.0.0.7/sub"' in blocks([camera()], Login.of(None, None))


def test_a_secret_in_a_cameras_own_address_becomes_the_variable(tmp_path: Path) -> None:
    text = blocks([camera(sub="/live?user=admin&password=s3cret&channel=1")], LOGIN)
    assert "s3cret" not in text
    assert "/live?user=admin&password=${GATE_PASSWORD}&channel=1" in text
    assert loaded(new_site(text), tmp_path).cameras


@pytest.mark.parametrize("name", ['Say "hi": {x}', "#1 – 'gate' \\ & * ! | > % @ `", "- x", "", "null", "${HOME}"])
def test_whatever_a_device_calls_itself_is_only_its_name(name: str, tmp_path: Path) -> None:
    text = new_site(blocks([camera(name, sub="/${CAM_USER}")], LOGIN))
    (made,) = loaded(text, tmp_path).cameras
    assert made.name == name.replace("${", "$ {")  # a site file takes `${` in addresses only
    assert isinstance(made.source, RtspSource)
    assert made.source.url.endswith("/%24%7BCAM_USER}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HIKVISION DS-2CD2143", "hikvision-ds-2cd2143"),
        ("Đường Nguyễn Huệ", "duong-nguyen-hue"),
        ("摄像头", "camera"),
        ("--", "camera"),
        ("2024-11-24", "camera-2024-11-24"),
        ("True", "camera-true"),
        ("x" * 80, "x" * 48),
    ],
)
def test_an_id_is_made_of_the_name(name: str, expected: str) -> None:
    assert slug(name, "10.0.0.7", ()) == expected


def test_ids_are_unique() -> None:
    text = blocks(
        [camera("IPC"), camera("IPC", "10.0.0.8"), camera("IPC", "10.0.1.8"), camera("IPC", "10.0.2.8")], LOGIN, ["ipc"]
    )
    assert [line.split()[-1] for line in text.splitlines() if "- id:" in line] == ["ipc-7", "ipc-8", "ipc-2", "ipc-3"]


def test_a_camera_is_put_behind_the_others_and_every_line_stays(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(THERE)
    path.chmod(0o640)
    SiteText(path).add([camera(), camera("Bến xe", "10.0.0.8")], LOGIN)
    before, after = THERE.split("\n\n# what holds")
    assert (
        path.read_text() == f"{before}\n{blocks([camera(), camera('Bến xe', '10.0.0.8')], LOGIN)}\n# what holds{after}"
    )
    assert [one.id for one in load_site(path, SET).cameras] == ["gate", "cong-cho", "ben-xe"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\ncameras:\n- id: gate\n  source: {kind: webcam}",
        "version: 1\r\ncameras:\r\n    - id: gate\r\n      source: {kind: webcam}   # the one\r\nsite: {id: x}\r\n",
        "cameras:\n  -\n    id: gate\n    source: {kind: webcam}\n    name: |\n      1\n      2\n\n\nversion: 1\n",
        "version: 1\ncameras:\n  - {id: gate,\n     source: {kind: webcam}}\n  # the end\n",
        "version: 1\ncameras:\n  - &one\n    id: gate\n    source: {kind: webcam}\n    name:\n",
    ],
)
def test_a_camera_can_be_put_into_files_of_every_style(text: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(text.encode())
    SiteText(path).add([camera()], LOGIN)
    made = path.read_bytes().decode()
    kept = [line for line in made.splitlines(keepends=True) if line in text.splitlines(keepends=True)]
    assert "".join(kept).rstrip("\n") == text.rstrip("\n") or made.startswith(text)
    assert "\r\n" not in text or "\n" not in made.replace("\r\n", "")
    assert SiteText(path).ids == ["gate", "cong-cho"]


@pytest.mark.parametrize("cameras", ["[]", "[{id: gate, source: {kind: webcam}}]", "", "{}"])
def test_where_it_is_not_clear_where_to_put_it_the_file_stays_as_it_is(cameras: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f"version: 1\ncameras: {cameras}\n")
    with pytest.raises(
        ApiError, match="is no list of lines that begin with `-`; print the found ones with `--write -`"
    ):
        SiteText(path)


def test_a_file_that_is_no_site_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("just words\n")
    with pytest.raises(SiteError, match="begins with `version: 1`"):
        SiteText(path)


@pytest.mark.parametrize(
    ("other", "known"),
    [
        (camera(host="10.0.0.1"), True),
        (camera(host="10.0.0.1:554"), True),
        (camera(host="10.0.0.1:8554"), False),
        (camera(host="10.0.0.1", sub="/sub2"), False),
        (camera(host="10.0.0.2"), False),
    ],
)
def test_a_camera_that_is_there_already_is_known(other: FoundCamera, known: bool, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(THERE)
    assert SiteText(path).knows(other) is known


def test_what_would_not_be_whole_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("as it was")
    with pytest.raises(ApiError, match="stays as it is"):
        write(path, "half", lambda aside: False)
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]
