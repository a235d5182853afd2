import ipaddress
import socket
import struct

import pytest

from streams.errors import StreamError
from streams.subnet import Subnet, way_out


@pytest.mark.parametrize(
    ("text", "network"),
    [("192.168.1.0/24", "192.168.1.0/24"), ("192.168.1.77/24", "192.168.1.0/24"), ("10.0.0.9", "10.0.0.9/32")],
)
def test_a_subnet_is_written_as_people_write_it(text: str, network: str) -> None:
    assert str(Subnet.of(text)) == network


@pytest.mark.parametrize("text", ["", "cameras", "192.168.1.0/33", "fe80::/64", "192.168.1.0-255"])
def test_what_is_no_subnet_is_refused_with_one_that_is(text: str) -> None:
    with pytest.raises(StreamError, match="is no subnet; write it such as"):
        Subnet.of(text)


@pytest.mark.parametrize("text", ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/15"])
def test_half_the_world_is_not_searched(text: str) -> None:
    with pytest.raises(StreamError, match="is larger than /16"):
        Subnet.of(text)


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://192.168.1.7/onvif/device_service", True),
        ("http://user:word@192.168.1.7:8080/x", True),
        ("http://192.168.2.7/onvif/device_service", False),
        ("http://192.168.1.7@10.0.0.1/", False),
        ("http://192.168.1.7.evil.example/", False),
        ("http://camera/onvif", False),
        ("http://3232235783/", False),
        ("http://0xc0.0xa8.0x01.0x07/", False),
        ("http://[::ffff:192.168.1.7]/", False),
        ("http://192.168.1.7:99999/", False),
        ("http://192.168.1.7\\@10.0.0.1/", False),
        ("file:///etc/passwd", False),
        ("gopher://192.168.1.7/", False),
        ("http:///x", False),
        ("", False),
    ],
)
def test_only_plain_addresses_of_the_subnet_are_inside(url: str, inside: bool) -> None:
    assert Subnet.of("192.168.1.0/24").holds_url(url, "http", "https") is inside


def test_all_hosts_of_a_small_subnet_are_known_and_a_large_one_is_not_gone_through() -> None:
    assert list(Subnet.of("10.0.0.0/30").hosts()) == ["10.0.0.1", "10.0.0.2"]
    assert len(list(Subnet.of("10.0.0.0/22").hosts())) == 1022
    with pytest.raises(StreamError, match="has 2048 addresses: at most a /22"):
        Subnet.of("10.0.0.0/21").hosts()


def test_the_own_address_is_the_one_in_the_subnet() -> None:
    assert Subnet.of("127.0.0.0/24").own_address() == "127.0.0.1"
    assert Subnet.of("240.0.0.0/24").own_address() is None  # nobody's: reserved (RFC 1112)


def test_the_way_out_is_an_interface_or_an_address() -> None:
    name = socket.if_nameindex()[0][1]
    assert struct.unpack("4s4si", way_out(name, None))[2] == socket.if_nametoindex(name)
    assert struct.unpack("4s4si", way_out(None, "127.0.0.1"))[1] == ipaddress.IPv4Address("127.0.0.1").packed
    with pytest.raises(StreamError, match=f"no interface 'eth77'; there are: .*{name}"):
        way_out("eth77", None)
    with pytest.raises(StreamError, match="'gate' is no IPv4 address"):
        way_out(None, "gate")
