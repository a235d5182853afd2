"""Kinds: which kinds of events there can be."""

from typing import get_args

import vision.rules
from models.observation import Health
from vision.measuring.heat_map import HeatMap
from vision.measuring.line_flow import LineFlow
from vision.measuring.movement_flow import MovementFlow
from vision.measuring.zone_use import ZoneUse
from vision.rule import Rule

METERS = (HeatMap, LineFlow, MovementFlow, ZoneUse)


def event_kinds() -> list[str]:
    """All kinds of events that rules, measurements and cameras have, by name."""
    rules = [rule for rule in Rule.__subclasses__() if rule.__module__.startswith(f"{vision.rules.__name__}.")]
    found = {str(rule.model_fields["kind"].default) for rule in rules}
    return sorted(found | {meter.kind for meter in METERS} | (set(get_args(Health)) - {"valid"}))
