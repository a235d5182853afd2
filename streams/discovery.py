"""Discovery: which ONVIF cameras there are in a subnet (WS-Discovery 1.0, as ONVIF Core chapter 7 has it).

    probe ──▶ 239.255.255.250:3702, out of one interface, one hop       every device that hears it answers by itself
          └─▶ each address of the subnet, where that is asked for       for networks that keep multicast back

A device answers with the addresses of its services. It could name anybody's: what lies outside the subnet is told,
and left alone.
"""

import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from onveef.wsdiscovery import build_probe, parse_probe_matches

from streams.errors import StreamError
from streams.subnet import Subnet

GROUP = "239.255.255.250"
PORT = 3702
TIMES = 3
"""So often is asked: datagrams get lost."""
ANSWERS_MAX = 4096
_LONGEST = 65535  # bytes of a datagram
_PACE_S = 0.002  # between datagrams to single addresses: switches and cameras drop what comes in a burst


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device says of itself.

    Attributes:
        sender: Address that the answer came from.
        xaddr: Address of its device service, in the subnet; empty where it names none there.
        outside: Addresses that it names and that are not in the subnet, or none of the web.
        name: What people call it; empty where it does not say.
    """

    sender: str
    xaddr: str
    outside: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Probe:
    """How devices are looked for.

    Attributes:
        subnet: Whom answers may lead to.
        way_out: Where multicast leaves this machine (see `way_out`); None for no multicast.
        address: Address of this machine to ask from; empty for whichever leads there.
        each: Whether every address of the subnet is asked.
        port: UDP port of the devices.
    """

    subnet: Subnet
    way_out: bytes | None
    address: str = ""
    each: bool = False
    port: int = PORT

    def answers(self, timeout_s: float) -> list[Answer]:
        """Asks, and listens for so long; each device once, in the order of their addresses.

        Args:
            timeout_s: From the first question on.

        Raises:
            StreamError: Nothing can be sent.
        """
        targets = [GROUP] if self.way_out is not None else []
        targets += self.subnet.hosts() if self.each else []
        found: dict[tuple[str, ...], Answer] = {}
        with self._socket() as asking:
            for data, sender in _conversation(asking, [(host, self.port) for host in targets], timeout_s):
                for answer in understood(data, sender, self.subnet):
                    found.setdefault((answer.xaddr,) if answer.xaddr else (sender, *answer.outside), answer)
                if len(found) >= ANSWERS_MAX:
                    break
        return sorted(found.values(), key=lambda answer: (socket.inet_aton(answer.sender), answer.xaddr))

    def _socket(self) -> socket.socket:
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            if self.way_out is not None:
                asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, self.way_out)
            asking.bind((self.address, 0))
        except OSError as error:
            asking.close()
            raise StreamError(f"can't ask from {self.address or 'this machine'}: {error.strerror}") from None
        return asking


def understood(data: bytes, sender: str, subnet: Subnet) -> Iterator[Answer]:
    """The devices that a datagram tells of; none where it is no answer to a probe."""
    for match in parse_probe_matches(data.decode("utf-8", errors="replace")):
        inside = [xaddr for xaddr in match.xaddrs if subnet.holds_url(xaddr, "http", "https")]
        own = [xaddr for xaddr in inside if urlsplit(xaddr).hostname == sender]
        yield Answer(
            sender,
            next(iter(own or inside), ""),
            tuple(plain(xaddr) for xaddr in match.xaddrs if xaddr not in inside),
            _name(match.scopes),
        )


def _name(scopes: Sequence[str]) -> str:
    """What people call a device. Its spaces should be coded; where they are not, its words are scopes of their own."""
    words: list[str] = []
    for scope in scopes:
        if words and "://" in scope:
            break
        if words or "/name/" in scope:
            words.append(scope.rpartition("/name/")[2])
    return plain(unquote(" ".join(words)))


def plain(text: str, longest: int = 120) -> str:
    """What a device says, fit to be shown: one line, no control characters, not endless."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]


def _conversation(
    asking: socket.socket, targets: Sequence[tuple[str, int]], timeout_s: float
) -> Iterator[tuple[bytes, str]]:
    """Asks all of them several times, evenly over two thirds of the time, and hands on what comes meanwhile.

    Raises:
        StreamError: No question could be sent at all.
    """
    began = time.monotonic()
    refused: OSError | None = None
    sent = 0
    for turn in range(TIMES):
        for target in targets:
            try:
                asking.sendto(_question(), target)
                sent += 1
            except OSError as error:  # such as a network that can't be reached
                refused = error
            yield from _heard(asking, _PACE_S if len(targets) > 2 else 0.0)
        until = began + timeout_s * (turn + 1) / TIMES
        yield from _heard(asking, max(0.0, until - time.monotonic()))
    if refused and not sent:
        raise StreamError(f"nothing can be sent to {targets[0][0]}: {refused.strerror or refused}")


def _question() -> bytes:
    return build_probe(message_id=f"urn:uuid:{uuid.uuid4()}", types="dn:NetworkVideoTransmitter").encode()


def _heard(asking: socket.socket, wait_s: float) -> Iterator[tuple[bytes, str]]:
    """What comes within a time."""
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        asking.settimeout(left_s)
        try:
            data, sender = asking.recvfrom(_LONGEST)
        except TimeoutError:
            return
        except OSError:  # such as "port unreachable" from a host that was asked before
            continue
        yield data, str(sender[0])
