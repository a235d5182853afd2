"""Suites, one a file. A new file is found by itself."""

import importlib
import pkgutil
from collections.abc import Mapping

from benchmarks.suite import Suite

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

SUITES: Mapping[str, Suite] = {
    one.name: one() for one in sorted(Suite.__subclasses__(), key=lambda one: (one.level, one.name))
}
"""Every suite there is by name, from the smallest parts to the whole."""
