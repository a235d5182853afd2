from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from models.detections import Label
from tests.vision.story import NOON, SIZE
from vision.scene import Placed, View
from vision.stays import Stay, Stays

FPS = 10.0
Script = Callable[[float], Sequence[Placed | None]]


def person(track: int, x: float, y: float = 500.0, *, inside: bool = True, hidden: float = 0.0) -> Placed:
    """Somebody 80 px tall; from below, some of it may be hidden."""
    return Placed(
        id=track,
        label=Label.PERSON,
        score=0.9,
        box=(x - 20, y - 80, x + 20, y - hidden),
        foot=(x, y - hidden),
        place=(x / 1000, (y - hidden) / 1000),
        velocity=(0.0, 0.0),
        zones=frozenset({"yard"} if inside else ()),
        distances={},
    )


def play(script: Script, seconds: float) -> list[tuple[float, float, list[int]]]:
    """When each stay began, when it was seen last, and its tracks; in the order in which they end."""
    stays, ended, seen = Stays("yard"), list[Stay](), set[int]()
    for index in range(int(seconds * FPS) + 1):
        time_s = index / FPS
        rows = tuple(row for row in script(time_s) if row)
        gone = tuple(seen - {row.id for row in rows}) if index == int(seconds * FPS) else ()
        seen |= {row.id for row in rows}
        moment = NOON + timedelta(seconds=time_s)
        ended += stays.step(View("cam", time_s, moment, SIZE, rows, gone, {}, "valid", rows))[1]
    ended += stays.finish()
    return [(round(stay.began_s, 2), round(stay.seen_s, 2), stay.tracks) for stay in ended]


@pytest.mark.parametrize(
    ("x", "again_s", "found"),
    [
        (540, 3.5, [(0.0, 6.0, [3, 8])]),
        (600, 3.5, [(0.0, 3.0, [3]), (3.5, 6.0, [8])]),
        (540, 5.5, [(0.0, 3.0, [3]), (5.5, 6.0, [8])]),
    ],
)
def test_another_track_goes_on_with_a_stay_beside_the_place_soon_after(
    x: float, again_s: float, found: list[tuple[float, float, list[int]]]
) -> None:
    def lost(time_s: float) -> list[Placed | None]:
        return [person(3, 500) if time_s <= 3 else None, person(8, x) if time_s >= again_s else None]

    assert play(lost, 6.0) == found


def test_the_nearest_who_vanished_goes_on() -> None:
    def two(time_s: float) -> list[Placed | None]:
        there, again = time_s <= 3, time_s > 4
        return [person(1, 460) if there else None, person(2, 520) if there else None, person(3, 510) if again else None]

    assert sorted(play(two, 6.0)) == [(0.0, 3.0, [1]), (0.0, 6.0, [2, 3])]


def test_whoever_steps_outside_for_a_moment_goes_on() -> None:
    def paces(time_s: float) -> list[Placed | None]:
        return [person(3, 500, inside=not (2 < time_s < 3.5 or 6 < time_s < 9))]

    assert play(paces, 10.0) == [(0.0, 6.0, [3]), (9.0, 10.0, [3])]


def walks_past(time_s: float, new_s: float, missed: tuple[float, float] = (0.0, 0.0)) -> list[Placed | None]:
    """3 stands; 5 walks past before them and leaves its id there at 5 s; who walked goes on as 9."""
    rows: list[Placed | None] = []
    if time_s < 5:
        rows.append(person(3, 500, hidden=25 if time_s > 4.7 else 0))
    if time_s >= 3:
        walking = person(5, 500 + 40 * (5 - time_s), 520)
        rows.append(walking if time_s < 5 else None if missed[0] <= time_s < missed[1] else person(5, 500 + 2, 501))
    if new_s <= time_s < 8:
        rows.append(person(9, 500 + 40 * (5 - time_s), 520))
    return rows


@pytest.mark.parametrize(
    ("new_s", "missed"),
    [(5.2, (0.0, 0.0)), (5.3, (5.2, 5.5)), (6.0, (0.0, 0.0))],
    ids=["at once", "while the other is missed", "later"],
)
def test_a_passer_by_leaves_an_id_but_no_stay(new_s: float, missed: tuple[float, float]) -> None:
    found = play(lambda time_s: walks_past(time_s, new_s, missed), 12.0)
    assert found == [(3.0, 7.9, [5, 9]), (0.0, 12.0, [3, 5])]


def test_a_passer_by_who_is_not_found_again_has_left() -> None:
    (began_s, _, tracks), standing = play(lambda time_s: walks_past(time_s, 99.0), 12.0)
    assert (began_s, tracks) == (3.0, [5])
    assert standing == (0.0, 12.0, [3, 5])


def test_whoever_passes_before_somebody_who_is_hidden_takes_nothing_along() -> None:
    def passes(time_s: float) -> list[Placed | None]:
        before = 2 <= time_s <= 8
        return [
            person(3, 500) if not 4.5 < time_s < 5.6 else None,
            person(5, 500 + 40 * (5 - time_s), 505) if before else None,
        ]

    assert play(passes, 12.0) == [(2.0, 8.0, [5]), (0.0, 12.0, [3])]


def test_two_who_stand_together_stay_two() -> None:
    def together(time_s: float) -> list[Placed | None]:
        return [person(3, 500) if not 4 < time_s < 5.5 else None, person(5, 506, 505)]

    assert sorted(play(together, 9.0)) == [(0.0, 9.0, [3]), (0.0, 9.0, [5])]


def test_whoever_was_seen_beside_somebody_is_somebody_else() -> None:
    def comes_in(time_s: float) -> list[Placed | None]:
        hidden = 4 <= time_s < 5
        return [None if hidden else person(3, 500), person(5, 560, inside=time_s > 4.2)]

    assert sorted(play(comes_in, 9.0)) == [(0.0, 9.0, [3]), (4.3, 9.0, [5])]


def test_two_ids_at_once_are_two_people() -> None:
    def wrong_guess(time_s: float) -> list[Placed | None]:
        hidden = 4 <= time_s < 5
        later = person(8, 560) if 4.5 <= time_s < 8 else None
        return [later, None if hidden else person(3, 500)]

    found = play(wrong_guess, 12.0)
    assert found == [(5.0, 7.9, [8]), (0.0, 12.0, [3, 8])]


def test_forgets_who_has_left() -> None:
    stays = Stays("yard")
    for time_s in range(10):
        rows = (person(3, 500), person(5, 300, inside=False)) if time_s < 3 else ()
        ended = (3, 5) if time_s == 6 else ()
        stays.step(View("cam", float(time_s), NOON, SIZE, rows, ended, {}, "valid", rows))
    assert len(stays) == 0
