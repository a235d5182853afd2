"""Rules, one a file. A new file is found by itself: its config class joins the union on `kind`."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from vision.rule import Rule

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

KINDS = tuple(rule for rule in Rule.__subclasses__() if rule.__module__.startswith(f"{__name__}."))
"""Every kind of rule there is."""

if TYPE_CHECKING:
    AnyRule: TypeAlias = Rule
else:
    AnyRule = Annotated[Union[KINDS], Field(discriminator="kind")]
