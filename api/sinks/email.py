"""Email: events by mail; those that wait together come in one mail."""

import hashlib
import logging
import smtplib
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from api.errors import Refused, Unreachable
from api.networks import why
from api.sink import Message, Sink
from api.words import counted
from streams.address import checked
from vision.site import Timezone

logger = logging.getLogger(__name__)

PORTS = {"smtp": 587, "smtps": 465}
PERMANENT = 500
"""Replies from here on mean that the same would be answered the next time (RFC 5321)."""


def _address(text: str) -> str:
    _, address = parseaddr(text)
    user, at, host = address.rpartition("@")
    if not (user and at and host) or any(ord(letter) < 32 for letter in text):
        raise ValueError(f"{text!r} is no mail address; write it such as duty@ioc.example, or Duty <duty@ioc.example>")
    return text


MailAddress = Annotated[str, AfterValidator(_address)]


class Email(Sink):
    """Writes mails: one for all events that wait together."""

    kind: Literal["email"] = "email"
    at_once: ClassVar[int] = 50
    url: Annotated[str, AfterValidator(lambda url: checked(url, "smtps", "smtp"))] = Field(
        repr=False,
        description="Mail server, `smtps://USER:${PASSWORD}@HOST` (TLS from the start), or `smtp://…` (STARTTLS).",
    )
    sender: MailAddress = Field(description="Who the mails are from.")
    to: tuple[MailAddress, ...] = Field(min_length=1, description="Who they go to.")
    starttls: bool = Field(
        default=True,
        description="Whether `smtp://` must become TLS before anything is said; false in a closed network.",
    )
    timezone: Timezone = Field(
        default="Asia/Ho_Chi_Minh", description="Time zone of the times in the text (IANA name)."
    )
    timeout_s: float = Field(default=20.0, gt=0, description="Seconds that the server may take to answer.")

    def connect(self) -> "EmailConnection":
        """A server that is called for each mail (see `Sink.connect`)."""
        return EmailConnection(self)


class EmailConnection:
    """Sends mails. The server is called anew for each: few are sent, and servers hang up on who says nothing.

    Args:
        sink: Where to.
    """

    def __init__(self, sink: Email) -> None:
        self._sink = sink
        self._parts = urlsplit(sink.url)
        self._calling: smtplib.SMTP | None = None

    def send(self, messages: Sequence[Message]) -> None:
        """Sends a mail of all messages (see `Connection.send`)."""
        mail = mail_of(self._sink, messages)
        try:
            with self._called() as server:
                self._calling = server
                if self._parts.username is not None:
                    server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
                left_out = server.send_message(mail)
        except smtplib.SMTPException as error:
            raise _fault(error) from error
        except OSError as error:
            raise Unreachable(why(error)) from error
        finally:
            self._calling = None
        for address, (code, text) in left_out.items():
            logger.warning(
                "%s: the mail server does not take mails for %s: %d %s", self._sink, address, code, _text(text)
            )

    def close(self) -> None:
        """Breaks off the call, if there is one (see `Connection.close`)."""
        calling = self._calling
        if calling is not None and calling.sock is not None:
            with suppress(OSError):  # it has just ended by itself
                calling.sock.shutdown(socket.SHUT_RDWR)

    def _called(self) -> smtplib.SMTP:
        """The server, at the other end of a connection that nobody listens to where that is asked for."""
        host, port = self._parts.hostname or "", self._parts.port or PORTS[self._parts.scheme]
        if self._parts.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, timeout=self._sink.timeout_s, context=context)
        server = smtplib.SMTP(host, port, timeout=self._sink.timeout_s)
        if self._sink.starttls:
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def mail_of(sink: Email, messages: Sequence[Message]) -> EmailMessage:
    """The mail that tells of some messages."""
    mail = EmailMessage()
    mail["From"] = sink.sender
    mail["To"] = ", ".join(sink.to)
    mail["Date"] = formatdate()
    # The same messages make the same id: a mail that comes twice is known by it.
    digest = hashlib.blake2b(" ".join(one.id for one in messages).encode(), digest_size=12).hexdigest()
    mail["Message-ID"] = f"<{digest}@ngatu.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    first = messages[0]
    more = f" (+{len(messages) - 1})" if len(messages) > 1 else ""
    mail["Subject"] = f"[Ngã Tư] {_title(first.event)}{more}"
    zone = ZoneInfo(sink.timezone)
    told = "\n\n".join("\n".join(_lines(one, zone)) for one in messages)
    mail.set_content(f"{counted(len(messages), 'event')}\n\n{told}\n")
    return mail


def _title(event: Mapping[str, Any]) -> str:
    status = f" {event['status']}" if event.get("status") else ""
    urgent = f"{event['severity']}: " if event.get("severity") else ""
    return f"{urgent}{event['kind']}{status}, {event['camera']}"


def _lines(message: Message, zone: ZoneInfo) -> Iterable[str]:
    """What is told of an event."""
    event = message.event
    at = datetime.fromisoformat(event["at"]).astimezone(zone)
    yield _title(event)
    yield f"  at       {at:%Y-%m-%d %H:%M:%S} ({zone.key})"
    yield f"  rule     {event['rule']}"
    for name in ("label", "direction", "measured", "limit", "unit", "phase"):
        if event.get(name) is not None:
            yield f"  {name:8} {event[name]}"
    yield f"  id       {event['id']}"


def _fault(error: smtplib.SMTPException) -> Unreachable | Refused:
    """What a mail server's word means for us."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
        code, text = max(replies)
        words = f"the mail server refuses all who it is for: {code} {_text(text)}"
        return Refused(words) if min(replies)[0] >= PERMANENT else Unreachable(words)
    if isinstance(error, smtplib.SMTPResponseException):
        words = f"the mail server answers {error.smtp_code} {_text(error.smtp_error)}"
        if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT:
            return Refused(words)
        return Unreachable(words, refused=error.smtp_code >= PERMANENT)
    return Unreachable(f"the mail server: {why(error)}", refused=isinstance(error, smtplib.SMTPNotSupportedError))


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200]
