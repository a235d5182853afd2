"""Kinds: which kinds of events there can be."""

from typing import get_args

from models.observation import Health
from vision.measuring.heat_map import HeatMap
from vision.measuring.line_flow import LineFlow
from vision.measuring.movement_flow import MovementFlow
from vision.measuring.zone_use import ZoneUse
from vision.rules import KINDS

METERS = (HeatMap, LineFlow, MovementFlow, ZoneUse)


def event_kinds() -> list[str]:
    """All kinds of events that rules, measurements and cameras have, by name."""
    found = {str(rule.model_fields["kind"].default) for rule in KINDS}
    return sorted(found | {meter.kind for meter in METERS} | (set(get_args(Health)) - {"valid"}))
