"""A device that speaks just enough ONVIF to be asked, and that can be as wrong as devices are."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

from tests.streams.web import served

ENVELOPE = '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
MEDIA = {"media": "http://www.onvif.org/ver10/media/wsdl", "media2": "http://www.onvif.org/ver20/media/wsdl"}


@dataclass
class Peer:
    """How a device behaves.

    Attributes:
        address: Where it listens.
        user: Who may ask; empty for everybody.
        password: Their password.
        ahead_s: How far its clock is ahead.
        fresh_s: A digest that is older by its own clock is refused.
        media: Where its media service is said to be; its own address where empty.
        streams: RTSP address by token of the profile.
        encoders: What codes each profile: codec, width, height.
        instead: Answers by operation, instead of the right ones.
        hangs: Operations that are never answered.
        trickles: Operations that are answered a byte a while.
        services: Which media services it has.
        asked: Operations that it was asked for, in order.
    """

    address: str = "127.0.77.1"
    user: str = ""
    password: str = ""
    ahead_s: float = 0.0
    fresh_s: float = 300.0
    media: str = ""
    streams: dict[str, str] = field(default_factory=dict)
    encoders: dict[str, tuple[str, int, int]] = field(
        default_factory=lambda: {"Main": ("H264", 1920, 1080), "Sub": ("H264", 640, 360)}
    )
    instead: dict[str, tuple[int, str]] = field(default_factory=dict)
    hangs: tuple[str, ...] = ()
    trickles: tuple[str, ...] = ()
    services: tuple[str, ...] = ("media",)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def xaddr(self) -> str:
        return f"http://{self.address}:{self.port}/onvif/device_service"

    @contextmanager
    def at_work(self) -> Iterator["Peer"]:
        """Answers until the end."""
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                found = re.search(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", body)
                operation = found[1] if found else "?"
                peer.asked.append(operation)
                if operation in peer.hangs:
                    peer.ended.wait(60)
                    return
                status, answer = peer.answer(operation, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(answer.encode())))
                self.end_headers()
                step = 1 if operation in peer.trickles else 1 << 20
                with suppress(ConnectionError):  # whoever asked may have gone
                    for at in range(0, len(answer.encode()), step):
                        self.wfile.write(answer.encode()[at : at + step])
                        if step == 1 and peer.ended.wait(0.2):
                            return

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        with served(Handler, self.address) as where:
            self.port = int(where.rpartition(":")[2])
            try:
                yield self
            finally:
                self.ended.set()

    @contextmanager
    def discoverable(self, port: int, *xaddrs: str, raw: bytes | None = None) -> Iterator[None]:
        """Answers probes that are sent to its address."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
            listening.bind((self.address, port))
            listening.settimeout(0.05)
            over = threading.Event()

            def listen() -> None:
                while not over.is_set():
                    try:
                        data, sender = listening.recvfrom(65535)
                    except TimeoutError:
                        continue
                    assert b"Probe" in data
                    listening.sendto(raw if raw is not None else probe_match(*xaddrs or (self.xaddr,)), sender)

            thread = threading.Thread(target=listen)
            thread.start()
            yield
            over.set()
            thread.join()

    def answer(self, operation: str, body: str) -> tuple[int, str]:
        """Status and body of an answer."""
        if operation in self.instead:
            return self.instead[operation]
        if self.user and operation not in ("GetSystemDateAndTime", "GetServices") and not self._knows(body):
            return 401, ""
        return 200, ENVELOPE.format(getattr(self, f"_{operation}")(body))

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def _knows(self, body: str) -> bool:
        """Whether a request was signed by the user, just now by this clock (WS-Security UsernameToken 1.0)."""
        words = {
            key: found[1]
            for key in ("Username", "Password", "Nonce", "Created")
            if (found := re.search(rf":{key}(?: [^>]*)?>([^<]*)<", body))
        }
        if len(words) < 4 or words["Username"] != self.user:
            return False
        signed = base64.b64decode(words["Nonce"]) + words["Created"].encode() + self.password.encode()
        created = datetime.fromisoformat(words["Created"].replace("Z", "+00:00"))
        fresh = abs((self._now() - created).total_seconds()) < self.fresh_s
        return fresh and words["Password"] == base64.b64encode(hashlib.sha1(signed).digest()).decode()

    def _GetSystemDateAndTime(self, body: str) -> str:
        now = self._now()
        return (
            "<GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime>"
            f"<Time><Hour>{now.hour}</Hour><Minute>{now.minute}</Minute><Second>{now.second}</Second></Time>"
            f"<Date><Year>{now.year}</Year><Month>{now.month}</Month><Day>{now.day}</Day></Date>"
            "</UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>"
        )

    def _GetServices(self, body: str) -> str:
        where = self.media or self.xaddr.replace("device_service", "media_service")
        services = "".join(
            f"<Service><Namespace>{MEDIA[key]}</Namespace><XAddr>{where}</XAddr></Service>" for key in self.services
        )
        return f"<GetServicesResponse>{services}</GetServicesResponse>"

    def _GetDeviceInformation(self, body: str) -> str:
        return (
            "<GetDeviceInformationResponse><Manufacturer>Acme</Manufacturer><Model>Eye\n 2</Model>"
            "<FirmwareVersion>7.1</FirmwareVersion><SerialNumber>42</SerialNumber></GetDeviceInformationResponse>"
        )

    def _GetProfiles(self, body: str) -> str:
        newer = MEDIA["media2"] in body
        profiles = []
        for token, (codec, width, height) in self.encoders.items():
            size = f"<Resolution><Width>{width}</Width><Height>{height}</Height></Resolution>"
            rate = "<RateControl><FrameRateLimit>25</FrameRateLimit><BitrateLimit>2048</BitrateLimit></RateControl>"
            coder = f"<Encoding>{codec}</Encoding>{size}{rate}"
            parts = (
                "<VideoSource token='s'><SourceToken>lens</SourceToken></VideoSource>"
                f"<VideoEncoder token='e'>{coder}</VideoEncoder>"
                if newer
                else "<VideoSourceConfiguration token='s'><SourceToken>lens</SourceToken></VideoSourceConfiguration>"
                f"<VideoEncoderConfiguration token='e'>{coder}</VideoEncoderConfiguration>"
            )
            parts = f"<Configurations>{parts}</Configurations>" if newer else parts
            profiles.append(f"<Profiles token='{token}'><Name>{token}</Name>{parts}</Profiles>")
        return f"<GetProfilesResponse>{''.join(profiles)}</GetProfilesResponse>"

    def _GetStreamUri(self, body: str) -> str:
        token = re.search(r"ProfileToken>([^<]*)<", body)
        assert token
        uri = self.streams.get(token[1], f"rtsp://{self.address}:554/{token[1].lower()}")
        return (
            f"<GetStreamUriResponse><MediaUri><Uri>{uri.replace('&', '&amp;')}</Uri></MediaUri></GetStreamUriResponse>"
        )

    def _GetSnapshotUri(self, body: str) -> str:
        return f"<GetSnapshotUriResponse><MediaUri><Uri>http://{self.address}/one.jpg</Uri></MediaUri></GetSnapshotUriResponse>"


def probe_match(*xaddrs: str, name: str = "Cổng%20chợ", endpoint: str = "urn:uuid:1") -> bytes:
    """What a device answers to a probe."""
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><ProbeMatches>'
        f"<ProbeMatch><EndpointReference><Address>{endpoint}</Address></EndpointReference>"
        f"<Scopes>onvif://www.onvif.org/type/video onvif://www.onvif.org/name/{name}</Scopes>"
        f"<XAddrs>{' '.join(xaddrs)}</XAddrs></ProbeMatch></ProbeMatches></s:Body></s:Envelope>"
    ).encode()
