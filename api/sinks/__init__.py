"""Sinks: one file for each kind. A new file here is a new kind in the site file, nothing else is to be done."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from api.sink import Sink

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

KINDS = tuple(sink for sink in Sink.__subclasses__() if sink.__module__.startswith(f"{__name__}."))
"""Every kind of sink there is."""

if TYPE_CHECKING:
    AnySink: TypeAlias = Sink
else:
    AnySink = Annotated[Union[KINDS], Field(discriminator="kind")]

__all__ = ["KINDS", "AnySink"]
