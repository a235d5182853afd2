"""Subnet: the addresses that a search for cameras may speak to, and none beside them."""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

from streams.address import checked
from streams.errors import StreamError

LARGEST = 16
"""Prefix of the largest subnet that may be searched: 65 534 addresses."""
LARGEST_ASKED_EACH = 22
"""Prefix of the largest subnet of which every address may be asked: 1022 addresses."""


class Subnet:
    """An IPv4 network.

    Args:
        network: Its addresses.
    """

    def __init__(self, network: ipaddress.IPv4Network) -> None:
        self._network = network

    @classmethod
    def of(cls, text: str) -> Self:
        """The subnet that is written as `192.168.1.0/24`; a single address is one, too.

        Raises:
            StreamError: It is none, or larger than a search should be.
        """
        try:
            network = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            raise StreamError(f"{text!r} is no subnet; write it such as 192.168.1.0/24") from None
        if network.prefixlen < LARGEST:
            raise StreamError(f"{network} is larger than /{LARGEST}; name the subnet of the cameras only")
        return cls(network)

    def __str__(self) -> str:
        return str(self._network)

    def holds(self, host: str) -> bool:
        """Whether a host is an address of the subnet. A name is none: whom it leads to could change."""
        try:
            return ipaddress.IPv4Address(host) in self._network
        except ValueError:
            return False

    def holds_url(self, url: str, *schemes: str) -> bool:
        """Whether a URL has one of the schemes and leads to an address of the subnet."""
        try:
            return self.holds(urlsplit(checked(url, *schemes)).hostname or "")
        except ValueError:
            return False

    def hosts(self) -> Iterator[str]:
        """All its addresses that a camera can have.

        Raises:
            StreamError: They are too many to be asked one by one.
        """
        if self._network.prefixlen < LARGEST_ASKED_EACH:
            raise StreamError(
                f"{self} has {self._network.num_addresses} addresses: "
                f"at most a /{LARGEST_ASKED_EACH} is asked one by one"
            )
        return map(str, self._network.hosts())

    def own_address(self) -> str | None:
        """The address that this machine has in the subnet; None where it has none. Nothing is sent."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            try:
                asking.connect((str(next(self._network.hosts())), 9))
            except OSError:  # no way leads there
                return None
            address = str(asking.getsockname()[0])
        return address if self.holds(address) else None


def way_out(interface: str | None, address: str | None) -> bytes:
    """Where multicast is to leave this machine, for `IP_MULTICAST_IF` (struct ip_mreqn).

    Args:
        interface: Name of the interface, if it is to be this one.
        address: Else the address of this machine whose interface it is.

    Raises:
        StreamError: There is no such interface, or that is no address.
    """
    try:
        index = socket.if_nametoindex(interface) if interface else 0
    except OSError:
        known = ", ".join(name for _, name in socket.if_nameindex())
        raise StreamError(f"this machine has no interface {interface!r}; there are: {known}") from None
    try:
        own = ipaddress.IPv4Address(address or 0).packed
    except ValueError:
        raise StreamError(f"{address!r} is no IPv4 address") from None
    return struct.pack("4s4si", b"\0\0\0\0", own, index)
