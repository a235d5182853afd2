"""Detectors, one a file. A new file is found by itself: its config class joins the union on `kind`."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from models.detector import DetectorConfig

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

if TYPE_CHECKING:
    AnyDetector: TypeAlias = DetectorConfig
else:
    AnyDetector = Annotated[Union[tuple(DetectorConfig.__subclasses__())], Field(discriminator="kind")]
