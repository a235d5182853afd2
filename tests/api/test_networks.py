import ipaddress
import socket

import pytest
from pydantic import TypeAdapter, ValidationError

from api.errors import Unreachable
from api.networks import Networks, NetworkText


@pytest.mark.parametrize(
    ("networks", "address", "held"),
    [
        (("10.20.0.0/16",), "10.20.3.4", True),
        (("10.20.0.0/16",), "10.21.3.4", False),
        (("10.21.0.0/16", "10.20.3.4"), "10.20.3.4", True),
        (("10.20.3.4",), "10.20.3.5", False),
        (("10.20.0.0/16",), "::ffff:10.20.3.4", True),
        (("fd00::/8",), "fd00::7", True),
        (("fd00::/8",), "10.20.3.4", False),
        (("0.0.0.0/0",), "203.0.113.9", True),
        (("0.0.0.0/0",), "127.0.0.1", False),
        (("0.0.0.0/0",), "::ffff:127.0.0.1", False),
        (("0.0.0.0/0",), "169.254.169.254", False),
        (("0.0.0.0/0",), "0.0.0.0", False),
        (("0.0.0.0/0",), "224.0.0.1", False),
        (("0.0.0.0/0",), "255.255.255.255", False),
        (("::/0",), "::1", False),
        (("::/0",), "fe80::1", False),
        (("::/0",), "2001:db8::1", True),
        (("127.0.0.1",), "127.0.0.1", True),
        (("0.0.0.0/0", "127.0.0.0/8"), "127.0.0.2", True),
        (("169.254.10.0/24",), "169.254.10.9", True),
    ],
)
def test_an_address_is_spoken_to_only_where_a_network_means_it(
    networks: tuple[str, ...], address: str, held: bool
) -> None:
    assert Networks(networks).hold(ipaddress.ip_address(address)) is held


def test_a_name_leads_to_the_first_of_its_addresses_that_may_be_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object, **__: object) -> list[object]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 443, 0, 2)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.20.0.7", 443)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    assert Networks(("10.20.0.0/16",)).resolve("ioc.example", 443) == "10.20.0.7"
    with pytest.raises(Unreachable) as caught:
        Networks(("10.30.0.0/16",)).resolve("ioc.example", 443)
    assert caught.value.refused
    assert str(caught.value) == (
        "ioc.example is fe80::1%eth0, 192.0.2.7, 10.20.0.7, which is in none of its `networks` (10.30.0.0/16)"
    )


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(Unreachable, match=r"no host has the name 'no-such-host\.invalid'"):
        Networks(("0.0.0.0/0",)).resolve("no-such-host.invalid", 443)


def test_what_is_no_network_is_refused() -> None:
    network: TypeAdapter[str] = TypeAdapter(NetworkText)
    assert network.validate_python("10.20.1.7") == "10.20.1.7/32"
    for text in ("10.20.1.7/16", "ioc.example", ""):
        with pytest.raises(ValidationError, match=r"is no network; write it such as 10\.20\.0\.0/16"):
            network.validate_python(text)
