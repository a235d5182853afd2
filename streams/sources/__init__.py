"""Sources: one file for each kind. A new file here is a new kind in the site file, nothing else is to be done."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from streams.source import Source

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

KINDS = tuple(source for source in Source.__subclasses__() if source.__module__.startswith(f"{__name__}."))
"""Every kind of source there is."""

if TYPE_CHECKING:
    AnySource: TypeAlias = Source
else:
    AnySource = Annotated[Union[KINDS], Field(discriminator="kind")]

__all__ = ["KINDS", "AnySource"]
