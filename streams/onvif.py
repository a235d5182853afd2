"""What an ONVIF camera says when it is asked: who it is, what time it has, and which streams it offers.

Nothing outside the subnet is ever spoken to, whatever the camera names: every request passes a guard. Redirections are
not followed. The password is shown only as a digest (WS-Security, HTTP digest), never in the clear, and after one
refusal no more is asked: most cameras lock an address out after a few wrong passwords.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
from onveef import envelopes, parsers
from onveef.client import OnvifClient, OnvifCredentials, OnvifEndpoint
from onveef.exceptions import OnvifAuthError, OnvifError, OnvifOperationNotSupportedError, OnvifTimeoutError

from streams.address import checked
from streams.discovery import plain
from streams.errors import StreamError, StreamRefused
from streams.onvif_profiles import Profile, codec_of, without_credentials
from streams.subnet import Subnet

LARGEST_ANSWER = 1_000_000  # bytes
PROFILES_MAX = 64
_LONGEST_URL = 500

Service = Literal["media", "media2"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks.

    Attributes:
        user: Name of the user; empty asks as nobody.
        password: Their password.
    """

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OnvifCamera:
    """A device that was asked.

    Attributes:
        xaddr: Address of its device service.
        manufacturer: Who made it.
        model: What it is.
        firmware: Version of its software.
        serial: Its number.
        clock_off_s: How far its clock is ahead of ours, seconds, to about half a second; None where it does not tell.
        profiles: Its streams, as it lists them.
        remarks: What of it could not be used, and why; each is one line.
    """

    xaddr: str
    manufacturer: str
    model: str
    firmware: str
    serial: str
    clock_off_s: float | None
    profiles: tuple[Profile, ...]
    remarks: tuple[str, ...] = ()


def ask(xaddr: str, subnet: Subnet, credentials: Credentials, timeout_s: float, budget_s: float) -> OnvifCamera:
    """Asks a device.

    Args:
        xaddr: Address of its device service.
        subnet: Whom may be spoken to.
        credentials: Who asks.
        timeout_s: For each connection and each piece of an answer.
        budget_s: For all of it.

    Raises:
        StreamRefused: It asks for another user or password.
        StreamError: It does not answer, or not as an ONVIF camera does. The message is one line and holds no secret.
    """
    guard = _Guard(subnet, time.monotonic() + budget_s)
    with httpx.Client(transport=guard, timeout=timeout_s, trust_env=False) as web:
        client = _Client(xaddr, credentials, web)
        try:
            return _Conversation(client, subnet).held()
        except OnvifAuthError:
            if credentials.user:
                raise StreamRefused(f"{xaddr}: user or password is wrong (401){client.beside_the_clock}") from None
            raise StreamRefused(
                f"{xaddr}: asks for a user and a password (401); give --user and --password-env"
            ) from None
        except OnvifTimeoutError:
            raise StreamError(f"{xaddr}: no answer in {timeout_s:g} s") from None
        except OnvifError as error:
            raise StreamError(f"{xaddr}: {guard.refusal or plain(str(error), 200)}") from None
        except _NotUnderstood as error:
            raise StreamError(f"{xaddr}: {error}") from None


class _NotUnderstood(Exception):  # noqa: N818 - what is so, in words
    """An answer is none that an ONVIF camera gives."""


class _Guard(httpx.HTTPTransport):
    """Lets requests pass to addresses of a subnet only, and none after a moment.

    Cameras sign their certificates themselves, so that these say nothing; no secret is sent in the clear anyway.
    """

    def __init__(self, subnet: Subnet, until: float) -> None:
        super().__init__(verify=False, trust_env=False)
        self._subnet = subnet
        self._until = until
        self.refusal = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._subnet.holds(request.url.host):
            self.refusal = f"leads to {request.url.host!r}, outside {self._subnet}: not followed"
            raise httpx.UnsupportedProtocol(self.refusal, request=request)
        self._in_time()
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Timed(response.stream, self._in_time)
        return response

    def _in_time(self) -> None:
        if time.monotonic() > self._until:
            raise httpx.ReadTimeout("it takes too long")


class _Timed(httpx.SyncByteStream):
    """An answer that must come to its end in time, also where it comes in drops."""

    def __init__(self, stream: httpx.SyncByteStream, in_time: Callable[[], None]) -> None:
        self._stream = stream
        self._in_time = in_time

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._in_time()
            yield piece

    def close(self) -> None:
        self._stream.close()


class _Client(OnvifClient):
    """A client that knows the device's time before it shows a password, and asks once only."""

    def __init__(self, xaddr: str, credentials: Credentials, web: httpx.Client) -> None:
        super().__init__(
            endpoint=OnvifEndpoint(xaddr),
            credentials=OnvifCredentials(credentials.user, credentials.password),
            http_auth="digest",  # the other kind would send the password in the clear
            retries=0,
            max_response_bytes=LARGEST_ANSWER,
            rewrite_host=False,
            http_client=web,
        )

    def clock_off_s(self) -> float | None:
        """How far the device's clock is ahead of ours; from now on its time stands in what we sign.

        A digest holds the time, and a device refuses one that is minutes old by its own clock. Devices tell their time
        to everybody (ONVIF Core 5.9.4.3: PRE_AUTH).
        """
        asked = datetime.now(UTC)
        xml = self.call(
            service="device",
            operation="GetSystemDateAndTime",
            body_inner=envelopes.device_get_system_date_time(),
            require_auth=False,
        )
        ours = asked + (datetime.now(UTC) - asked) / 2
        told = parsers.parse_system_datetime(xml).get("UTCDateTime")
        if not isinstance(told, Mapping):
            return None
        try:
            theirs = datetime(**{str(part): int(number) for part, number in told.items()}, tzinfo=UTC)
        except (TypeError, ValueError):
            return None
        # It tells whole seconds, the fraction cut off.
        off_s = (theirs + timedelta(seconds=0.5) - ours).total_seconds()
        self._clock_offset_s, self._clock_synced = off_s, True
        return off_s

    def _http_auth_for(self, challenge: str) -> httpx.Auth | None:
        # Without a challenge the request would be sent again as it was, and counted as a second wrong password.
        return super()._http_auth_for(challenge) if "digest" in challenge.lower() else None

    @property
    def beside_the_clock(self) -> str:
        """What may be the cause of a refusal, too."""
        return "" if self._clock_synced else ", or its clock is wrong, which it does not tell"

    def use(self, service: Service, url: str) -> None:
        """Takes this for its only service."""
        self.set_endpoint(OnvifEndpoint(self.endpoint.device_xaddr, {service: url}))


class _Conversation:
    """All that a device is asked, in order."""

    def __init__(self, client: _Client, subnet: Subnet) -> None:
        self._client = client
        self._subnet = subnet
        self._remarks: list[str] = []

    def held(self) -> OnvifCamera:
        """What came of it."""
        clock_off_s = self._client.clock_off_s()
        services = self._services()
        known = self._client.get_device_information()
        profiles = tuple(self._with_addresses(profile) for profile in self._profiles(services))
        return OnvifCamera(
            xaddr=self._client.endpoint.device_xaddr,
            manufacturer=plain(known.get("Manufacturer", "")),
            model=plain(known.get("Model", "")),
            firmware=plain(known.get("FirmwareVersion", "")),
            serial=plain(known.get("SerialNumber", "")),
            clock_off_s=clock_off_s,
            profiles=profiles,
            remarks=tuple(self._remarks),
        )

    def _services(self) -> dict[Service, str]:
        """Its media services that may be spoken to."""
        try:
            named = self._client.discover_services()
        except OnvifOperationNotSupportedError:  # of before 2011
            named = self._client.get_capabilities()
        offered: dict[Service, str] = {key: named[key] for key in ("media2", "media") if named.get(key)}
        if not offered:
            raise _NotUnderstood("names no media service; is it an ONVIF camera?")
        services = {key: url for key, url in offered.items() if self._subnet.holds_url(url, "http", "https")}
        if not services:
            url = plain(next(iter(offered.values())))
            raise _NotUnderstood(f"its media service is at {url}, outside {self._subnet}: not followed")
        return services

    def _profiles(self, services: Mapping[Service, str]) -> list[Profile]:
        """Its streams. The newer service is asked first: the older one knows no H.265."""
        refusal: OnvifError | None = None
        for key, url in services.items():
            self._client.use(key, url)
            try:
                found = [_profile(one) for one in self._client.get_profiles()[:PROFILES_MAX]]
            except OnvifAuthError:
                raise
            except OnvifError as error:
                refusal = error
                continue
            if any(profile.width for profile in found):
                return [profile for profile in found if profile.token]
        if refusal:
            raise refusal
        raise _NotUnderstood("names no video profile")

    def _with_addresses(self, profile: Profile) -> Profile:
        return replace(
            profile,
            stream=self._usable(profile, "stream", "rtsp", "rtsps"),
            snapshot=self._usable(profile, "snapshot", "http", "https"),
        )

    def _usable(self, profile: Profile, what: Literal["stream", "snapshot"], *schemes: str) -> str:
        """An address that the camera names for a profile, without credentials; empty, with a remark, if it is none."""
        asking = self._client.get_stream_uri if what == "stream" else self._client.get_snapshot_uri
        try:
            url = asking(profile_token=profile.token)
        except (OnvifAuthError, OnvifTimeoutError):
            raise
        except OnvifError as error:
            # Many cameras have no single pictures; a profile without a stream is worth a word.
            if what == "stream":
                self._remarks.append(f"{profile.name}: no stream: {plain(str(error))}")
            return ""
        try:
            shown = without_credentials(checked(url[:_LONGEST_URL], *schemes))
        except ValueError:
            if url or what == "stream":
                self._remarks.append(f"{profile.name}: its {what} has no address that can be used")
            return ""
        if not self._subnet.holds_url(shown, *schemes):
            self._remarks.append(f"{profile.name}: its {what} is at {shown}, outside {self._subnet}: left out")
            return ""
        return shown


def _profile(told: Mapping[str, Any]) -> Profile:
    """A profile from what the client read."""
    coded = told.get("video_encoder") or {}
    shows = told.get("video_source") or {}
    return Profile(
        token=str(told.get("token", "")),
        name=plain(str(told.get("name") or told.get("token", "")), 40),
        source=str(shows.get("source_token", "")),
        codec=codec_of(str(coded.get("encoding", ""))),
        width=max(0, int(coded.get("width") or 0)),
        height=max(0, int(coded.get("height") or 0)),
        fps=coded.get("fps_limit"),
        kbps=coded.get("bitrate_kbps"),
    )
