import time

import pytest

from streams.discovery import Answer, Probe, plain, understood
from streams.errors import StreamError
from streams.subnet import Subnet
from tests.streams.onvif_peer import Peer, probe_match

SUBNET = Subnet.of("127.0.77.0/30")
PORT = 13702


def found(data: bytes, sender: str = "127.0.77.1") -> list[Answer]:
    return list(understood(data, sender, SUBNET))


def test_an_answer_tells_name_and_address() -> None:
    (answer,) = found(probe_match("http://127.0.77.1:8080/onvif/device_service"))
    assert answer == Answer("127.0.77.1", "http://127.0.77.1:8080/onvif/device_service", (), "Cổng chợ")


def test_a_name_may_have_spaces_that_are_not_written_as_they_should_be() -> None:
    (answer,) = found(probe_match("http://127.0.77.1/onvif", name="Gate of the market"))
    assert answer.name == "Gate of the market"


def test_addresses_outside_the_subnet_are_named_and_not_taken() -> None:
    inside, outside = (
        "http://127.0.77.2/onvif",
        ("http://10.1.1.1/onvif", "http://camera.local/onvif", "http://[fe80::1]/onvif"),
    )
    (answer,) = found(probe_match(*outside, inside))
    assert (answer.xaddr, answer.outside) == (inside, outside)
    (answer,) = found(probe_match(*outside))
    assert (answer.xaddr, answer.outside) == ("", outside)


def test_of_several_addresses_the_one_that_answered_is_taken() -> None:
    (answer,) = found(probe_match("http://127.0.77.2/onvif", "http://127.0.77.1/onvif"))
    assert answer.xaddr == "http://127.0.77.1/onvif"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", b"\xff\xfe\x00", b"<a><b></a>", b"<Envelope/>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><ProbeMatch><XAddrs>&x;</XAddrs></ProbeMatch>',
        b'<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]><ProbeMatch><XAddrs>&y;</XAddrs></ProbeMatch>',
    ],
)  # fmt: skip
def test_garbage_is_no_answer(data: bytes) -> None:
    assert found(data) == []


def test_what_a_device_says_is_shown_on_one_line_without_control_characters() -> None:
    assert plain("Gate\n\x1b[31m 2\x00" + "x" * 500) == "Gate [31m 2 " + "x" * 108


def test_each_address_is_asked_and_each_device_found_once() -> None:
    one, two = Peer("127.0.77.1"), Peer("127.0.77.2")
    with one.at_work(), two.at_work(), two.discoverable(PORT), one.discoverable(PORT):
        answers = Probe(SUBNET, None, each=True, port=PORT).answers(1.0)
    assert [answer.xaddr for answer in answers] == [one.xaddr, two.xaddr]


def test_garbage_from_one_device_hides_no_other() -> None:
    wrong, right = Peer("127.0.77.1"), Peer("127.0.77.2")
    with right.at_work(), wrong.discoverable(PORT, raw=b"\x00garbage"), right.discoverable(PORT):
        answers = Probe(SUBNET, None, each=True, port=PORT).answers(1.0)
    assert [answer.sender for answer in answers] == ["127.0.77.2"]


def test_where_nobody_answers_nothing_is_found_in_the_given_time() -> None:
    began = time.monotonic()
    assert Probe(SUBNET, None, each=True, port=PORT).answers(0.5) == []
    assert 0.4 < time.monotonic() - began < 5


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(StreamError, match=r"can't ask from 240\.0\.0\.1: Cannot assign requested address"):
        Probe(SUBNET, None, address="240.0.0.1", each=True).answers(0.1)
