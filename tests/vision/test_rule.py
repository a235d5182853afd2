from models.detections import Label
from tests.vision.story import Story, stands, views
from vision.rules.line_crossing import LineCrossing


def test_events_of_a_rule_carry_what_they_have_in_common() -> None:
    *_, view = views(Story([stands(Label.CAR, 500, 500, 0, 1)], 1.0))
    [row] = view.placed
    rule = LineCrossing(id="count", line="main")
    one = rule.violation(view, row, 0.4, (0.5, 0.4), "first", measured=61.0, limit=50.0, unit="km/h")
    other = rule.violation(view, row, 0.4, (0.5, 0.4), "second")
    assert (one.kind, one.rule, one.camera, one.label, one.track) == ("line_crossing", "count", "cam", "car", row.id)
    assert (one.time_s, one.fired_s, one.at, one.place) == (0.4, view.time_s, view.moment(0.4), (0.5, 0.4))
    assert (one.measured, one.limit, one.unit) == (61.0, 50.0, "km/h")
    assert one.id != other.id, "two causes are two events"
    assert one.id[:12] == other.id[:12], "ids sort by time"
