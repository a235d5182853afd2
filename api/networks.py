"""Networks: where a webhook may lead to, and why nobody answers there.

No address in a file or of a DNS may make us speak to somebody else.

A name is resolved once; the address that was looked at is the one that is connected to.
"""

import ipaddress
import socket
import ssl
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from api.errors import Unreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# This machine, its link (where clouds keep their secrets), nobody and everybody: never meant by a wider network.
_OWN = tuple(
    map(
        ipaddress.ip_network,
        ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8"),
    )
)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"{text!r} is no network; write it such as 10.20.0.0/16, or one address") from None


NetworkText = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string"})]


class Networks:
    """Networks that may be spoken to.

    Args:
        texts: Each such as `10.20.0.0/16` or `10.20.1.7`.
    """

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._networks = tuple(map(ipaddress.ip_network, texts))

    def hold(self, address: Address) -> bool:
        """Whether an address may be spoken to.

        What is special (this machine, its link, multicast) only where a network names just that: `0.0.0.0/0` means
        every other machine, not this one.
        """
        address = getattr(address, "ipv4_mapped", None) or address
        holding = [network for network in self._networks if _in(address, network)]
        special = next((own for own in _OWN if _in(address, own)), None)
        return bool(holding) and (special is None or any(_within(network, special) for network in holding))

    def resolve(self, host: str, port: int) -> str:
        """The address of a host that may be spoken to.

        Raises:
            Unreachable: The host has no address, or none in these networks.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreachable(f"no host has the name {host!r}") from None
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        for address in addresses:
            if self.hold(ipaddress.ip_address(address.partition("%")[0])):
                return address
        known = ", ".join(map(str, self._networks))
        raise Unreachable(
            f"{host} is {', '.join(addresses)}, which is in none of its `networks` ({known})", refused=True
        )


def why(error: Exception) -> str:
    """Why a receiver can't be spoken to, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the receiver is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no secure connection: {error.reason}"
    if isinstance(error, socket.gaierror):
        return "no host has the name in the address"
    if isinstance(error, TimeoutError):
        return "no answer"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{words[0].lower()}{words[1:]}" if words[1:2].islower() else words


def _in(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _within(network: Network, other: Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
