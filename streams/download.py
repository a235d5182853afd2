"""Download: a whole file by HTTP, for what can't be read while it comes."""

import base64
import http.client
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from streams.address import masked
from streams.errors import StreamError

LONGEST_S = 40.0
"""Whoever opens a source must not be away for longer (see `streams.reader`)."""
CHUNK = 1 << 20


def downloaded(url: str, timeout_s: float) -> IO[bytes]:
    """The content of an address in a file without a name: it is gone when it is closed, also after a crash.

    Args:
        url: Address, http or https, perhaps with user and password (basic authentication).
        timeout_s: For connecting, and for each part.

    Raises:
        StreamError: It can't be had, or takes too long.
    """
    parts = urlsplit(url)
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())  # noqa: S310 - http(s), by `checked`
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
    with ExitStack() as opened:
        content = opened.enter_context(tempfile.TemporaryFile())
        try:
            _fetch(request, timeout_s, content, masked(url))
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, HTTPError):
                error.close()
            raise StreamError(f"{masked(url)}: can't be fetched ({_cause(error)})") from None
        opened.pop_all()  # the caller closes it
    return content


def _fetch(request: urllib.request.Request, timeout_s: float, content: IO[bytes], shown: str) -> None:
    until = time.monotonic() + LONGEST_S
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
        while part := answer.read(CHUNK):
            content.write(part)
            if time.monotonic() > until:
                raise StreamError(
                    f"{shown}: its index stands at its end, its server can't begin in the middle, and to fetch it "
                    f"takes more than {LONGEST_S:g} s. Download it and name its path."
                )
        if answer.length:  # read() with a size does not say so
            raise http.client.IncompleteRead(b"", answer.length)
    content.flush()


def _cause(error: Exception) -> object:
    reason = error.reason if isinstance(error, URLError) and not isinstance(error, HTTPError) else error
    return getattr(reason, "strerror", None) or reason
