"""One test over all rules: what a newcomer's rule must have, besides doing what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from vision.rule import Rule
from vision.rules import line_crossing
from vision.site import parse_site

ROOT = Path(__file__).parents[2]
RULES = sorted(
    (rule for rule in Rule.__subclasses__() if rule.__module__.startswith("vision.rules.")), key=lambda r: r.__name__
)


def test_all_rules_are_found() -> None:
    folder = Path(line_crossing.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == {r.__module__.split(".")[-1] for r in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_is_named_described_tested_and_documented(rule: type[Rule]) -> None:
    kind = rule.model_fields["kind"].default
    assert kind == re.sub(r"(?<!^)(?=[A-Z])", "_", rule.__name__).lower() == rule.__module__.split(".")[-1]
    assert (rule.__doc__ or "").splitlines()[0].endswith(".")
    assert all(field.description for name, field in rule.model_fields.items() if name != "kind")
    assert (ROOT / "tests/vision" / f"test_{kind}.py").exists()

    text = (ROOT / "docs/rules" / f"{kind}.md").read_text(encoding="utf-8")
    assert "```\n" in text, "a drawing of the geometry"
    assert not re.search(r"`labels` \| \[\d", text), "labels by their words"
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        camera = YAML(typ="safe", pure=True).load(block)
        assert kind in {one["kind"] for one in camera["rules"]}
        site = parse_site({"version": 1, "cameras": [{"id": "a", "source": {"kind": "webcam", "device": 0}} | camera]})
        site.pipeline(site.cameras[0])


def test_generated_docs_are_not_stale() -> None:
    run = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
