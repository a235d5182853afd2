import re
from pathlib import Path

from ruamel.yaml import YAML

from models.detections import Label
from tests.vision.measured import measured
from tests.vision.story import Story, drives, stands
from vision.measuring.heat_map import COLUMNS, ROWS
from vision.measuring.line_flow import LENGTHS_M
from vision.measuring.measure import Measure
from vision.measuring.meter import Pcu
from vision.site import parse_site

PAGE = (Path(__file__).parents[2] / "docs/measurements.md").read_text(encoding="utf-8")
[BLOCK] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CAMERA = {"id": "a", "source": {"kind": "webcam", "device": 0}} | YAML(typ="safe", pure=True).load(BLOCK)


def test_its_site_file_works_and_its_figures_are_all_there_are() -> None:
    site = parse_site({"version": 1, "cameras": [CAMERA]})
    [camera] = site.cameras
    measure = Measure(pcu=Pcu(motorcycle=0.25))
    assert camera.measure == measure, "defaults, but for motorcycles"
    users = [
        *(drives(Label.CAR, (t, 500, 500), (t + 8, 600, 900)) for t in (0, 4, 8)),
        *(stands(Label.CAR, 550, y, 0, 60) for y in (500, 520)),
        stands(Label.PERSON, 880, 700, 0, 60),
    ]
    found = measured(Story(users, 60.0, 10.0), scene=site.scene(camera), measure=measure)
    figures = {name.split(":")[0] for one in found if one.kind != "heat_map" for name in one.values}
    named = set(re.findall(r"`([a-z_]+)`", "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))))
    assert figures == named


def test_its_numbers_are_those_of_the_program() -> None:
    for label, length in LENGTHS_M.items():
        assert re.search(rf"{label.word} {length:g}\b", PAGE)
    for word, factor in Pcu():
        assert f"{word} {factor:g}" in PAGE
    assert f"{COLUMNS} columns and {ROWS} rows" in PAGE
