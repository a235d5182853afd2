import subprocess
import sys
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from models.detector import DetectorConfig
from models.detectors import AnyDetector
from models.detectors.yolo import Yolo

adapter: TypeAdapter[DetectorConfig] = TypeAdapter(AnyDetector)


def kinds() -> dict[str, type[DetectorConfig]]:
    return {get_args(config.model_fields["kind"].annotation)[0]: config for config in DetectorConfig.__subclasses__()}


def test_a_detector_is_chosen_by_its_kind() -> None:
    assert set(kinds()) == {"yolo", "replay", "simulated"}
    chosen = adapter.validate_python({"kind": "yolo", "model": "street-n", "confidence": 0.4})
    assert chosen == Yolo(confidence=0.4)
    assert adapter.validate_python({"kind": "replay", "path": "d.jsonl"}).kind == "replay"


def test_a_misspelt_kind_is_answered_with_the_kinds_there_are() -> None:
    with pytest.raises(ValidationError, match="'replay', 'simulated', 'yolo'"):
        adapter.validate_python({"kind": "yollo"})


@pytest.mark.parametrize("config", kinds().values(), ids=kinds())
def test_every_detector_is_frozen_described_and_named_after_its_file(config: type[DetectorConfig]) -> None:
    assert config.model_config["frozen"] is True
    assert config.model_config["extra"] == "forbid"
    assert config.__doc__
    kind = get_args(config.model_fields["kind"].annotation)[0]
    assert config.__module__ == f"models.detectors.{kind}"
    assert config.__name__.lower() == kind
    for name, field in config.model_fields.items():
        assert name == "kind" or field.description, name


def test_json_schema_can_be_drawn_from_them() -> None:
    schema = adapter.json_schema()
    assert schema["discriminator"]["mapping"].keys() == kinds().keys()


def test_streams_and_vision_are_not_needed() -> None:
    code = "import sys, models.detectors; print(*(m for m in ('streams', 'vision', 'api') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
