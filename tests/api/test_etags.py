import pytest

from tests.api.databases import both_databases
from tests.api.stage import WAIT_S, Stage, frame, passage, view

# Not signals: what a feed shows is of now, and so another answer each time.
LISTS = ("/api/v1/cameras", "/api/v1/events", "/api/v1/events/kinds")


@pytest.mark.parametrize("path", [*LISTS, "/api/v1/cameras/road", "/api/v1/openapi.json"])
def test_who_has_the_answer_already_is_told_so(idle: Stage, path: str) -> None:
    first = idle.client.get(path)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = idle.client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert "content-type" not in again.headers
        assert "content-length" not in again.headers
        assert again.headers["x-content-type-options"] == "nosniff"
    for known in ("", '"other"', etag.strip('"'), etag[:-2] + '"'):
        assert idle.client.get(path, headers={"If-None-Match": known}).content == first.content


@both_databases
def test_a_list_that_has_changed_comes_anew(stage: Stage) -> None:
    stage.store.add([passage(1)])
    assert stage.store.flush(WAIT_S)
    first = stage.client.get("/api/v1/events")
    known = {"If-None-Match": first.headers["etag"]}
    assert stage.client.get("/api/v1/events", headers=known).status_code == 304
    assert stage.client.get("/api/v1/events?limit=1&kind=other", headers=known).status_code == 200
    stage.store.add([passage(2)])
    assert stage.store.flush(WAIT_S)
    second = stage.client.get("/api/v1/events", headers=known)
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    assert len(second.json()["items"]) == 2


def test_a_request_for_the_head_knows_etags_too(idle: Stage) -> None:
    etag = idle.client.head("/api/v1/cameras").headers["etag"]
    assert etag == idle.client.get("/api/v1/cameras").headers["etag"]
    assert idle.client.head("/api/v1/cameras", headers={"If-None-Match": etag}).status_code == 304


def test_errors_pictures_and_streams_have_none(stage: Stage) -> None:
    seen = frame()
    stage.live.show(seen, view(seen))
    for path in ("/api/v1/events?limit=0", "/api/v1/cameras/road/snapshot.jpg", "/api/v1/metrics"):
        answer = stage.client.get(path, headers={"If-None-Match": "*"})
        assert answer.status_code != 304
        assert "etag" not in answer.headers
    with stage.client.stream("GET", "/api/v1/events/stream", headers={"If-None-Match": "*"}) as stream:
        assert stream.status_code == 200
        assert "etag" not in stream.headers
