import pytest
from pydantic import TypeAdapter, ValidationError

from streams.source import Source
from streams.sources import KINDS, AnySource

ANY: TypeAdapter[Source] = TypeAdapter(AnySource)


def test_every_file_is_a_kind() -> None:
    kinds = {source.model_fields["kind"].default for source in KINDS}
    assert kinds == {"file", "http", "rtsp", "synthetic", "webcam"}


def test_the_kind_chooses_the_source() -> None:
    for source in KINDS:
        kind = source.model_fields["kind"].default
        needed = {"rtsp": {"url": "rtsp://h/x"}, "http": {"url": "http://h/x"}, "file": {"path": "a.mp4"}}
        assert type(ANY.validate_python({"kind": kind, **needed.get(kind, {})})) is source


def test_an_unknown_kind_is_answered_with_the_kinds_there_are() -> None:
    with pytest.raises(ValidationError, match=r"'file'.*'rtsp'"):
        ANY.validate_python({"kind": "rstp", "url": "rtsp://h/x"})


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        ANY.validate_python({"kind": "rtsp", "url": "rtsp://h/x", "trasport": "tcp"})


@pytest.mark.parametrize("source", KINDS, ids=lambda source: source.__name__)
def test_all_is_described(source: type[Source]) -> None:
    assert source.__doc__
    assert source.open.__doc__
    for name, field in source.model_fields.items():
        assert field.description, f"{source.__name__}.{name} has no description"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("rtsp", "http://h/x"),
        ("rtsp", "10.0.0.11/sub"),
        ("rtsp", "rtsp:///x"),
        ("rtsp", "rtsp://h:0/x"),
        ("rtsp", "rtsp://ngatu:a/b@h/x"),
        ("rtsp", "rtsp://ngatu:pw@ /x"),
        ("rtsp", "rtsp://ngatu:pw@a b/x"),
        ("rtsp", "rtsp://ngatu:p w@h/x"),
        ("rtsp", "rtsp://ngatu:pw@h\n/x"),
        ("rtsp", "rtsp://ngatu:pw@h/x\r\nHost: y"),
        ("rtsp", "rtsp://h;rm/x"),
        ("rtsp", "rtsp://a..b/x"),
        ("rtsp", "rtsp://[1:2]/x"),
        ("rtsp", "rtsp://[h]/x"),
        ("http", "http://%68/x"),
        ("http", "rtsp://h/x"),
        ("http", "h"),
    ],
)
def test_an_address_of_another_sort_is_refused(kind: str, url: str) -> None:
    with pytest.raises(ValidationError, match=f"must look like {kind}://HOST/PATH"):
        ANY.validate_python({"kind": kind, "url": url})


@pytest.mark.parametrize(
    "host", ["10.0.0.11", "cam-1.local", "cam_1", "camera.", "máy-ảnh.vn", "[::1]", "[fe80::1%eth0]", "10.0.0.11:554"]
)
def test_hosts_of_every_sort(host: str) -> None:
    url = f"rtsp://ngatu:p%20w@{host}/Streaming Channels/101"
    assert ANY.validate_python({"kind": "rtsp", "url": url}).model_dump()["url"] == url


@pytest.mark.parametrize("kind", ["rtsp", "http"])
def test_no_password_in_what_is_printed(kind: str) -> None:
    source = ANY.validate_python({"kind": kind, "url": f"{kind}://ngatu:s3cret@h/x"})
    assert "s3cret" not in repr(source) + str(source)
    with pytest.raises(ValidationError) as raised:
        type(source).model_validate({"kind": kind, "url": "ftp://ngatu:s3cret@h/x"})
    assert "s3cret" not in str(raised.value)
