from models.detections import Label
from tests.vision.story import Story, stands, views
from vision.incidents import OpenIncidents
from vision.rules.intrusion import Intrusion


def test_an_incident_ends_under_its_id_and_never_before_it_began() -> None:
    *_, view = views(Story([stands(Label.PERSON, 500, 500, 0, 1)], 1.0))
    [row] = view.placed
    open_ones = OpenIncidents()
    began = open_ones.begin("a", Intrusion(id="r", zone="yard").incident(view, row, 0.5, "info", [row.id], "a"))
    other = open_ones.begin("b", Intrusion(id="r", zone="yard").incident(view, None, 0.5, "info", [], "b"))
    assert began.id != other.id
    assert (other.label, other.track, other.place, other.score) == (None, None, None, 1.0)
    assert "a" in open_ones
    [ended] = open_ones.end("a", 0.2, [1, 2])
    assert (ended.id, ended.status, ended.ended_s, ended.tracks) == (began.id, "ended", 0.5, (1, 2))
    assert list(open_ones.end("a", 9.0)) == [], "ended once"
    [last] = open_ones.finish(3.0)
    assert (last.id, last.ended_s, last.tracks) == (other.id, 3.0, ())
    assert len(open_ones) == 0
