import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from ruamel.yaml import YAML

from api.calibrate import Measured, picture_of, read_points, refusal_of, report, write_picture
from api.errors import ApiError
from api.ground_picture import draw_ground
from api.pen import CRITICAL, INFO, Image
from streams.errors import StreamError
from streams.sources.file import FileSource
from tests.api.test_command_line import ngatu
from tests.streams.clips import street, write_clip
from tests.vision.story import ROAD_POINTS, on_picture
from tests.vision.test_calibration import JUNCTION
from vision.calibration import PointPairs
from vision.errors import SiteError
from vision.geometry import Floats
from vision.site import Camera, parse_site

PAGE = Path(__file__).parents[2] / "docs/calibration.md"
CAMERA = Camera(id="mast", source=FileSource(path=Path("-")))
POOR = [{"image": list(image), "ground_m": list(place)} for image, place in JUNCTION]


def pairs(picture: Floats, ground: Floats = ROAD_POINTS) -> list[dict[str, Any]]:
    return [{"image": i, "ground_m": g} for i, g in zip(picture.tolist(), ground.tolist(), strict=True)]


def measured(points: Sequence[dict[str, Any]]) -> Measured:
    return Measured.of(CAMERA, PointPairs.model_validate({"points": points}))


def one_wrong() -> list[dict[str, Any]]:
    picture = on_picture(ROAD_POINTS)
    picture[6] += (0.08, -0.05)
    return pairs(picture)


def site(folder: Path, points: Sequence[dict[str, Any]] | None, **camera: Any) -> Path:
    path = folder / "site.yaml"
    tree = {"id": "mast", "source": {"kind": "file", "path": "street.mp4"}} | camera
    if points is not None:
        tree["calibration"] = {"points": points}
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump({"version": 1, "cameras": [tree]}, file)
    return path


def test_each_point_is_told_with_its_errors() -> None:
    lines = list(report(measured(one_wrong())))
    assert lines[0] == "camera mast: 9 points, spanning 29.1 m"
    assert re.fullmatch(r" +1 +0\.2015 +0\.9773 +-4\.00 +12\.00 m +0\.00 m +0\.00 m", lines[3])
    assert re.fullmatch(r" +7 .* 2\.\d\d m   not used: it contradicts the others", lines[9])
    assert re.fullmatch(r" +8 .* 0\.00 m +0\.00 m", lines[10]), "its own error, not that of the point left out"
    assert "verdict: accepted; left out, a point is foretold 0.00 m wrong" in "\n".join(lines)
    assert "0.3 % of the picture wrong (standard deviation): assumed" in "\n".join(lines)


def test_the_farther_away_the_worse_is_what_is_measured() -> None:
    examples = [line for line in report(measured(pairs(on_picture(ROAD_POINTS)))) if re.match("near|middle|far", line)]
    errors = np.array([[float(number) for number in re.findall(r"± +(\d+\.\d+)", line)] for line in examples])
    assert errors.shape == (3, 3)
    assert (np.diff(errors, axis=0) > 0).all(), "position, length and speed"
    # The second that the speed takes is a way of 10 m: a point too far beyond the others makes it worse still.
    assert errors[2, 2] / 36 == pytest.approx(errors[2, 1] / 5, rel=0.5)


def test_seen_from_straight_above_all_is_as_near() -> None:
    picture = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]])
    examples = [line for line in report(measured(pairs(picture, 10 * picture))) if re.match("near|middle|far", line)]
    assert [line.split()[1:3] for line in examples] == [["0.1000"] * 2, ["0.5000"] * 2, ["0.9000"] * 2]


def test_four_points_are_accepted_with_a_warning() -> None:
    lines = list(report(measured(pairs(on_picture(ROAD_POINTS[:4]), ROAD_POINTS[:4]))))
    assert [line.endswith("nothing checks it") for line in lines[3:7]] == [True] * 4
    assert any("accepted, but nothing checks it" in line for line in lines)


def test_too_poor_a_fit_is_told_with_its_points_and_no_errors_that_flatter_it() -> None:
    poor = measured(POOR)
    lines = list(report(poor))
    assert re.fullmatch(r" +4 .* 0\.52 m +16\.69 m", lines[6])
    assert lines[9] == "verdict: refused"
    assert not any(line.startswith("near") for line in lines)
    assert poor.refusal is not None
    assert "worst is point 4 with 16.7 m" in poor.refusal


def test_points_that_only_one_of_them_makes_an_area_of() -> None:
    line = [{"image": [x, 0.1], "ground_m": [10 * x, 1.0]} for x in (0.1, 0.5, 0.9)]
    rest = [{"image": [0.1, 0.9], "ground_m": [1.0, 9.0]}, {"image": [0.9, 0.9], "ground_m": [9.0, 9.0]}]
    lonely = measured([*line, *rest])
    assert "nothing checks point" in (lonely.refusal or "")
    assert sum(one.endswith("nothing checks it") for one in report(lonely)) == 2


def test_points_without_any_ground_are_listed() -> None:
    swapped = [{"image": i, "ground_m": g} for i, g in zip(
        [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]], [[0, 0], [0, 9], [9, 0], [9, 9]], strict=True
    )]  # fmt: skip
    nowhere = measured(swapped)
    assert nowhere.fit is None
    assert "two of them were swapped" in (nowhere.refusal or "")
    lines = list(report(nowhere))
    assert lines[0] == "camera mast: 4 points"
    assert len(lines) == 7
    drawn = draw_ground(plain(), nowhere.points, None)
    assert near(drawn, INFO, (0.9, 0.1))


def size_of(path: Path) -> tuple[int, int, int]:
    image = cv2.imread(str(path))
    assert image is not None
    height, width, depth = image.shape
    return height, width, depth


def plain(width: int = 640, height: int = 360) -> Image:
    return np.full((height, width, 3), 90, np.uint8)


def near(image: Image, colour: tuple[int, int, int], place: Sequence[float]) -> bool:
    x, y = round(place[0] * (image.shape[1] - 1)), round(place[1] * (image.shape[0] - 1))
    around = image[max(0, y - 8) : y + 9, max(0, x - 8) : x + 9].reshape(-1, 3)
    return bool((around == colour).all(axis=1).any())


def test_the_grid_lies_where_the_ground_is() -> None:
    image = plain(1280, 720)
    exact = measured(pairs(on_picture(ROAD_POINTS)))
    assert exact.fit is not None
    drawn = draw_ground(image, exact.points, exact.fit.ground)
    assert (image == 90).all(), "the picture itself stays as it is"
    for place, line in (([-5.0, 17.5], True), ([5.0, 32.5], True), ([1.5, 15.0], True), ([-2.5, 17.5], False)):
        x, y = np.rint(on_picture(np.array([place]))[0] * (1279, 719)).astype(int)
        assert (drawn[y - 1 : y + 2, x - 1 : x + 2].min() > 200) == line, place
    horizon = round(719 * float(on_picture(np.array([[0.0, 400.0]]))[0, 1]))
    assert (drawn[: horizon - 60] == 90).all(), "no ground is drawn on the sky"


def test_the_points_lie_where_they_were_clicked_and_a_wrong_one_is_red() -> None:
    wrong = measured(one_wrong())
    assert wrong.fit is not None
    drawn = draw_ground(plain(1280, 720), wrong.points, wrong.fit.ground)
    for number, point in enumerate(wrong.points, 1):
        assert near(drawn, CRITICAL if number == 7 else INFO, point.image)
    assert near(drawn, CRITICAL, on_picture(ROAD_POINTS[[6]])[0]), "and where the fit puts it"


@pytest.mark.parametrize("size", [(2, 2), (1, 500), (160, 90), (3840, 2160)])
def test_any_size_of_picture_can_be_drawn_on(size: tuple[int, int]) -> None:
    poor = measured(POOR)
    assert poor.fit is not None
    assert draw_ground(plain(*size), poor.points, poor.fit.ground).shape == (size[1], size[0], 3)


def test_a_ground_as_wide_as_a_town_is_drawn_too() -> None:
    wide = measured(pairs(on_picture(ROAD_POINTS), 1000 * ROAD_POINTS))
    assert wide.fit is not None
    assert (draw_ground(plain(), wide.points, wide.fit.ground) != 90).any()


@pytest.mark.parametrize(
    ("name", "suffix"), [("clip", ".jpg"), ("snapshot", ".png"), ("nothing", ".JPG")], ids=["source", "file", "plain"]
)
def test_what_is_drawn_on(tmp_path: Path, name: str, suffix: str) -> None:
    read = read_points(site(tmp_path, POOR), None, source=name == "clip")
    snapshot = None
    if name == "clip":
        write_clip(tmp_path / "street.mp4", street(2))
    elif name == "snapshot":
        snapshot = tmp_path / "now.png"
        write_picture(snapshot, plain())
    image = picture_of(read, snapshot, source=name == "clip")
    assert image.shape == {"clip": (180, 320, 3), "snapshot": (360, 640, 3), "nothing": (720, 1280, 3)}[name]
    target = tmp_path / f"out{suffix}"
    assert refusal_of(target, snapshot) is None
    write_picture(target, image)
    assert size_of(target) == image.shape


def test_what_can_not_be_drawn_on_or_written(tmp_path: Path) -> None:
    read = read_points(site(tmp_path, POOR), "mast")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ApiError, match=r"text\.jpg: is no picture"):
        picture_of(read, tmp_path / "text.jpg", source=False)
    with pytest.raises(ApiError, match=r"no\.jpg: no such file"):
        picture_of(read, tmp_path / "no.jpg", source=False)
    with pytest.raises(StreamError, match=r"street\.mp4"):
        picture_of(read, None, source=True)
    for target, message in (
        (tmp_path / "out.gif", "end the name of the picture with one of .jpg"),
        (tmp_path / "no/out.jpg", "there is no folder"),
        (tmp_path / "text.jpg", "would be destroyed"),
    ):
        assert message in (refusal_of(target, tmp_path / "text.jpg", None) or "")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ApiError, match="can't be written: Is a directory"):
        write_picture(tmp_path / "folder.png", plain())


@pytest.mark.parametrize(
    ("points", "camera", "message"),
    [
        (None, {}, "site.yaml: camera 'mast' has no calibration; give it"),
        (POOR[:3], {}, "site.yaml: cameras[0].calibration.points: tuple should have at least 4 items"),
        (
            [*POOR, {"image": [0.1, 1.2], "ground_m": [0, 0]}],
            {},
            "cameras[0].calibration.points[5].image[1]: input should be less than or equal to 1, not 1.2",
        ),
        ([*POOR, {"image": [0, 0], "ground": [0, 0]}], {}, "calibration.points[5]: no field 'ground'"),
        (POOR, {"liens": {}}, "site.yaml: cameras[0]: no field 'liens'; did you mean 'lines'?"),
        (POOR, {"id": "gate"}, "site.yaml: no camera 'mast'; there are: gate"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(
    tmp_path: Path, points: Sequence[dict[str, Any]] | None, camera: dict[str, Any], message: str
) -> None:
    with pytest.raises(SiteError) as told:
        read_points(site(tmp_path, points, **camera), "mast")
    assert message in str(told.value)


@pytest.mark.parametrize("cameras", ["5", "[5]", "[]"])
def test_a_file_without_cameras_is_told(tmp_path: Path, cameras: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f"version: 1\ncameras: {cameras}\n")
    with pytest.raises(SiteError, match=r"site\.yaml: cameras"):
        read_points(path, None)
    path.write_text("version: 1\n")
    with pytest.raises(SiteError, match=r"site\.yaml: cameras: is missing"):
        read_points(path, None)


def test_the_password_of_a_camera_is_needed_only_where_it_is_opened(tmp_path: Path) -> None:
    path = site(tmp_path, POOR, source={"kind": "rtsp", "url": "rtsp://u:${SECRET}@10.0.0.11/x"})
    assert read_points(path, None, environment={}).points[0].ground_m == (18.58, 7.10)
    with pytest.raises(SiteError, match=r"site\.yaml: cameras\[0\]\.source\.url: .*SECRET is not set"):
        read_points(path, None, source=True, environment={})
    assert read_points(path, None, source=True, environment={"SECRET": "x"}).camera.id == "mast"


def test_the_command_tells_and_draws(tmp_path: Path) -> None:
    write_clip(tmp_path / "street.mp4", street(2))
    path, drawn = site(tmp_path, pairs(on_picture(ROAD_POINTS))), tmp_path / "drawn.jpg"
    run = ngatu("calibrate", path, "--camera", "mast", "--from-source", "--out", drawn)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "camera mast: 9 points, spanning 29.1 m"
    assert run.stdout.splitlines()[-1] == f"drawn: {drawn}"
    assert size_of(drawn) == (180, 320, 3)


def test_the_command_refuses_too_poor_a_fit_but_shows_it(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.png"
    run = ngatu("calibrate", site(tmp_path, POOR), "--out", drawn)
    assert run.returncode == 2
    assert "verdict: refused" in run.stdout
    assert re.fullmatch(
        r"ngatu: .*site\.yaml: camera 'mast': too poor a fit: .* worst is point 4 with 16\.7 m; .*\n", run.stderr
    )
    assert drawn.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--snapshot", "a.jpg", "--from-source"), "give one of them"),
        (("--out", "a.gif"), "end the name of the picture"),
        (("--camera", "x"), "no camera 'x'; there are: mast"),
    ],
)
def test_bad_words_are_bad_input(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    run = ngatu("calibrate", site(tmp_path, POOR), *words)
    assert run.returncode == 2
    assert message in run.stderr
    assert run.stdout == ""


def test_the_docs_show_what_the_command_says_of_their_points() -> None:
    text = PAGE.read_text(encoding="utf-8")
    [block] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    tree = YAML(typ="safe", pure=True).load(block)
    node = tree["cameras"][0]["calibration"]
    parsed = parse_site({"version": 1, **tree, "cameras": [tree["cameras"][0] | {"source": {"kind": "webcam"}}]})
    said = "\n".join(report(Measured.of(parsed.cameras[0], PointPairs.model_validate(node))))
    assert f"```\n{said}\n```" in text
