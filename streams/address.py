"""Addresses of streams: how they are shown without their secrets, and why nothing comes from one."""

import base64
import http.client
import ipaddress
import re
import socket
import ssl
import urllib.request
from typing import IO
from urllib.parse import SplitResult, unquote, urlsplit

from streams.errors import StreamError, StreamRefused

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
SECRET_IN_QUERY = re.compile(r"(?i)([?&](?:[a-z_]*pass(?:word)?|pwd|[a-z_]*token|[a-z_]*key|auth|secret)=)[^&\s]*")
PASSWORD = re.compile(r"(?<=://)([^/:@\n]*):.*@")  # up to the last @: a password may hold what it should not


def masked(url: str) -> str:
    """The URL with its password, and what looks like one in its query, as `***`. For every message and log line."""
    return SECRET_IN_QUERY.sub(r"\1***", PASSWORD.sub(r"\1:***@", url))


def checked(url: str, *schemes: str) -> str:
    """The URL, if it has one of the schemes, a host and a port that can be ones, and no space before its path.

    Raises:
        ValueError: It has not. The message does not repeat it, since a password may stand anywhere in it.
    """
    try:
        parts = urlsplit(url)
        # `urlsplit` drops line ends and tabs, FFmpeg does not.
        clean = not re.search(r"\s", parts.netloc) and not re.search(r"[\x00-\x1f\x7f]", url)
        right = clean and parts.scheme in schemes and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise ValueError(
            f"must look like {schemes[0]}://HOST/PATH or {schemes[0]}://USER:PASSWORD@HOST:PORT/PATH;"
            " in a password write / as %2F, @ as %40, : as %3A, a space as %20"
        )
    return url


def _is_host(host: str) -> bool:
    """Whether it can be a name (IDN, and `_` as in networks of containers, included) or an IP address."""
    if ":" in host:
        ipaddress.IPv6Address(host)  # raises ValueError where it is none
        return True
    return re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", host) is not None


def why_silent(url: str, timeout_s: float) -> StreamError:
    """Why a stream can't be opened, found by asking once more in the open.

    FFmpeg, as OpenCV hands it on, only says that it failed. One RTSP DESCRIBE (or HTTP GET) tells a wrong
    password from a wrong path, host or port, so that people know what to mend.

    Args:
        url: Address, rtsp(s) or http(s), perhaps with user and password.
        timeout_s: For connecting, and again for each answer.

    Returns:
        The error to raise; `StreamRefused` where trying again can't help.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    shown = masked(url)
    try:
        return _explained(shown, parts, _status(parts, (host, port), timeout_s))
    except socket.gaierror:
        return StreamError(f"{shown}: no host has the name {host!r}. Check the address and the DNS.")
    except ConnectionRefusedError:
        return StreamError(f"{shown}: connection refused. {host} is there, but nothing serves port {port}.")
    except TimeoutError:
        return StreamError(f"{shown}: no answer from {host} port {port} in {timeout_s:g} s. Is the camera on?")
    except ssl.SSLError as error:
        return StreamError(f"{shown}: no secure connection ({error.reason}).")
    except (OSError, ValueError, LookupError, http.client.HTTPException) as error:
        cause = getattr(error, "strerror", None) or "its answer is not understood"
        return StreamError(f"{shown}: {cause}.")


def _explained(shown: str, parts: SplitResult, status: int) -> StreamError:
    """The error in words for the status that a server answered with."""
    if status == 401 and parts.username is None:
        return StreamRefused(f"{shown}: asks for a user and a password (401). Put them into the URL.")
    if status in (401, 403):
        return StreamRefused(f"{shown}: user or password is wrong ({status}). Correct them in the URL.")
    if status in (404, 410):
        return StreamRefused(f"{shown}: there is no such path ({status}). The camera's manual names its paths.")
    if 200 <= status < 300:
        return StreamError(f"{shown}: answers, but no picture came. Is it a video stream, of a known codec?")
    return StreamError(f"{shown}: refused with status {status}.")


def _status(parts: SplitResult, place: tuple[str, int], timeout_s: float) -> int:
    """Status of the answer, after showing the credentials if we were asked to (RFC 2326 and RFC 9110 alike)."""
    with _connected(parts, place, timeout_s) as connection, connection.makefile("rb") as answers:
        status, headers = _ask(parts, connection, answers, authorization=None)
        if status != 401 or parts.username is None:
            return status
        user, password = unquote(parts.username), unquote(parts.password or "")
        challenges = headers.get_all("WWW-Authenticate", [])
        digests = [each for each in challenges if each.lower().startswith("digest ")]
        if digests:
            authorization = _digest(digests[0][7:], parts, user, password)
        else:
            authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if parts.scheme.startswith("rtsp"):  # the same connection: a camera's nonce may belong to it
            return _ask(parts, connection, answers, authorization)[0]
    with _connected(parts, place, timeout_s) as connection, connection.makefile("rb") as answers:
        return _ask(parts, connection, answers, authorization)[0]


def _connected(parts: SplitResult, place: tuple[str, int], timeout_s: float) -> socket.socket:
    connection = socket.create_connection(place, timeout_s)
    if parts.scheme in ("http", "rtsp"):
        return connection
    context = ssl.create_default_context()
    if parts.scheme == "rtsps":  # as FFmpeg does: cameras sign their certificates themselves
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=place[0])


def _target(parts: SplitResult) -> str:
    """What is asked for: RTSP wants the whole URL (without credentials), HTTP the path."""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if parts.scheme.startswith("http"):
        return path or "/"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def _ask(
    parts: SplitResult, connection: socket.socket, answers: IO[bytes], authorization: str | None
) -> tuple[int, http.client.HTTPMessage]:
    rtsp = parts.scheme.startswith("rtsp")
    lines = [f"{'DESCRIBE' if rtsp else 'GET'} {_target(parts)} {'RTSP/1.0' if rtsp else 'HTTP/1.1'}"]
    lines += [f"CSeq: {1 if authorization is None else 2}", "Accept: application/sdp"] if rtsp else []
    lines += [f"Host: {parts.netloc.rpartition('@')[2]}"] if not rtsp else []
    lines += [f"Authorization: {authorization}"] if authorization else []
    connection.sendall("\r\n".join([*lines, "User-Agent: ngatu", "", ""]).encode())
    status = int(answers.readline(1000).split()[1])
    headers = http.client.parse_headers(answers)
    if status == 401:
        answers.read(min(int(headers.get("Content-Length", 0)), 65536))
    return status, headers


def _digest(challenge: str, parts: SplitResult, user: str, password: str) -> str:
    """The answer to a digest challenge (RFC 2069, RFC 7616), computed by the standard library."""
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    url = _target(parts) if parts.scheme.startswith("rtsp") else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    passwords.add_password(None, url, user, password)
    request = urllib.request.Request(url, method="DESCRIBE" if parts.scheme.startswith("rtsp") else "GET")  # noqa: S310
    request.selector = _target(parts)
    answer = urllib.request.AbstractDigestAuthHandler(passwords).get_authorization(
        request, urllib.request.parse_keqv_list(urllib.request.parse_http_list(challenge))
    )
    return f"Digest {answer}"
