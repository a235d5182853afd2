"""Truth: what really happened, by the definitions of every kind, on exact positions.

Each function reads a rule as it stands in the site file and says what it must find. Positions are those of the foot:
the ground that the bottom-centre of a perfect box shows, 25 times a second, of everybody who is in the picture. Nothing
here knows how the rules do it. What lies so near to a threshold that no measurement could tell is not `sure`: finding
it is no false alarm, and not finding it is no miss.
"""

from collections.abc import Callable, Iterator, Mapping

from benchmarks.simulation import true_incidents as incidents
from benchmarks.simulation import true_violations as violations
from benchmarks.simulation.scenario import Scenario
from benchmarks.simulation.sights import Sights
from benchmarks.simulation.trajectories import Recording
from benchmarks.simulation.world import KMH, Rule, TrueEvent, World, crossings, movements, paths, single


def truth(scenario: Scenario, recording: Recording, sights: Sights) -> list[TrueEvent]:
    """Everything that the rules of a scenario must find."""
    world = World(scenario, recording, paths(sights, scenario.camera.size), sights.fps)
    found = [event for rule in scenario.rules for event in TRUTHS[rule["kind"]](world, rule)]
    return sorted(found, key=lambda event: event.time_s)


def line_crossing(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Everybody who crosses the line."""
    for crossing in crossings(world, rule["line"]):
        around = slice(max(0, crossing.index - round(world.fps / 2)), crossing.index + round(world.fps / 2))
        speed = float(crossing.path.speed[around].mean()) * KMH
        yield single(
            "line_crossing",
            rule,
            crossing.path,
            crossing.time_s,
            crossing.time_s,
            speed_kmh=speed,
            direction=crossing.side,
        )


def movement(world: World, rule: Rule) -> Iterator[TrueEvent]:
    """Everybody who crosses one line of the list and then another."""
    for _, start, leaves, end in movements(world, rule["lines"]):
        yield single("movement", rule, leaves.path, leaves.time_s, leaves.time_s, direction=f"{start} → {end}")


TRUTHS: Mapping[str, Callable[[World, Rule], Iterator[TrueEvent]]] = {
    function.__name__: function
    for function in (
        line_crossing,
        movement,
        violations.red_light,
        violations.stop_line,
        violations.wrong_way,
        violations.speeding,
        violations.illegal_parking,
        violations.lane_violation,
        violations.banned_movement,
        violations.solid_line,
        incidents.stopped_vehicle,
        incidents.congestion,
        incidents.queue_spillback,
        incidents.pedestrian_on_carriageway,
        incidents.near_miss,
        incidents.crash,
        incidents.intrusion,
        incidents.loitering,
        incidents.crowding,
        incidents.running,
        incidents.dispersal,
    )
}
"""How each kind is defined. A kind without a definition can't be scored."""
