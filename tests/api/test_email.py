import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import ValidationError

from api.errors import Refused, Unreachable
from api.sink import Message
from api.sinks.email import Email
from benchmarks.scenarios import free_port
from tests.api.stage import WAIT_S, incident, passage
from tests.api.test_delivery import office
from tests.api.test_routing import violation
from tests.conftest import wait_until


class MailServer:
    """A real mail server, whose answers the test decides.

    Attributes:
        replies: What it says to `RCPT TO` and `DATA`, where that is not `250`.
        mails: What it took.
    """

    def __init__(self, **options: Any) -> None:
        self.replies: dict[str, str] = {}
        self.mails: list[EmailMessage] = []
        self.port = free_port()
        self._options = options
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._options)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def sink(self, **given: Any) -> Email:
        return Email.model_validate(
            {
                "id": "duty",
                "url": f"smtp://127.0.0.1:{self.port}",
                "starttls": False,
                "sender": "Ngã Tư <ngatu@ioc.example>",
                "to": ["duty@ioc.example", "Trực ban <truc@ioc.example>"],
                "routes": [{}],
            }
            | given
        )

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address, self.replies.get("RCPT", "250 OK"))
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self.replies.get("DATA", "250 OK")
        if reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return reply


@pytest.fixture(name="server")
def fixture_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


def send(sink: Email, *events: Any) -> None:
    connection = sink.connect()
    connection.send([Message(1, event.camera, event.model_dump_json(by_alias=True)) for event in events])
    connection.close()


def test_an_event_is_a_mail_that_people_can_read(server: MailServer) -> None:
    send(server.sink(), incident(1))
    (mail,) = server.mails
    assert mail["Subject"] == "[Ngã Tư] critical: intrusion began, road"
    assert mail["From"] == "Ngã Tư <ngatu@ioc.example>"
    assert mail["To"] == "duty@ioc.example, Trực ban <truc@ioc.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == [
        "1 event",
        "",
        "critical: intrusion began, road",
        "  at       2026-11-24 12:00:01 (Asia/Ho_Chi_Minh)",
        "  rule     fence",
        "  label    person",
        f"  id       {incident(1).id}",
    ]


def test_events_that_wait_together_are_one_mail_and_the_same_again_has_the_same_id(server: MailServer) -> None:
    events = [violation(1), passage(2), incident(3, ended_s=9.0)]
    send(server.sink(timezone="UTC"), *events)
    send(server.sink(), *events)
    send(server.sink(), *events[:2])
    first, again, other = server.mails
    assert first["Subject"] == "[Ngã Tư] red_light, road (+2)"
    assert all(event.id in first.get_content() for event in events)
    assert "05:00:01 (UTC)" in first.get_content()
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize(
    ("replies", "fault", "said"),
    [
        ({"RCPT": "550 no such mailbox"}, Refused, "refuses all who it is for: 550 no such mailbox"),
        ({"RCPT": "450 greylisted"}, Unreachable, "refuses all who it is for: 450 greylisted"),
        ({"DATA": "554 spam"}, Refused, "the mail server answers 554 spam"),
        ({"DATA": "451 later"}, Unreachable, "the mail server answers 451 later"),
    ],
)
def test_what_the_server_says_is_told(
    server: MailServer, replies: dict[str, str], fault: type[Exception], said: str
) -> None:
    server.replies = replies
    with pytest.raises(fault, match=said):
        send(server.sink(), passage(1))
    assert server.mails == []


def test_who_can_be_reached_is_told_also_where_another_can_not(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies = {"duty@ioc.example": "550 no such mailbox"}
    send(server.sink(), passage(1))
    assert len(server.mails) == 1
    assert "duty@ioc.example" in caplog.text
    assert "550 no such mailbox" in caplog.text


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_is_checked_and_not_shown() -> None:
    def check(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"p@ss", handled=False)

    server = MailServer(authenticator=check, auth_require_tls=False, auth_required=True)
    server.start()
    try:
        send(server.sink(url=f"smtp://ngatu:p%40ss@127.0.0.1:{server.port}"), passage(1))
        assert len(server.mails) == 1
        with pytest.raises(Unreachable, match="the mail server answers 535") as caught:
            send(server.sink(url=f"smtp://ngatu:geheim@127.0.0.1:{server.port}"), passage(1))
        assert caught.value.refused
        assert "geheim" not in str(caught.value)
    finally:
        server.stop()


def test_nothing_is_said_in_the_open_where_tls_is_asked_for(server: MailServer) -> None:
    with pytest.raises(Unreachable, match="STARTTLS extension not supported") as caught:
        send(server.sink(starttls=True), passage(1))
    assert caught.value.refused
    with pytest.raises(Unreachable, match="no secure connection"):
        send(server.sink(url=f"smtps://127.0.0.1:{server.port}"), passage(1))
    assert server.mails == []


def test_a_server_that_is_down_or_silent_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = MailServer()
        with pytest.raises(Unreachable, match=r"^connection refused$"):
            send(server.sink(), passage(1))
        server.port = silent.getsockname()[1]
        with pytest.raises(Unreachable, match=r"no answer|timed out"):
            send(server.sink(timeout_s=0.3), passage(1))


def test_a_server_that_was_down_gets_everything_afterwards(server: MailServer, tmp_path: Path) -> None:
    events = [passage(number) for number in range(60)]
    with office(tmp_path, server.sink()) as here:
        server.stop()
        here.happens(*events)
        wait_until(lambda: here.state().state == "failing", WAIT_S, "it is noticed")
        server.start()
        here.until_nothing_waits()
    text = "\n".join(mail.get_content() for mail in server.mails)
    assert [text.index(event.id) for event in events] == sorted(text.index(event.id) for event in events)
    assert len(server.mails) <= 10, "what waits together comes together"


def test_what_is_no_address_is_refused() -> None:
    for address in ("duty", "@ioc.example", "duty@", "a@b\r\nBcc: c@d"):
        with pytest.raises(ValidationError, match=r"is no mail address; write it such as duty@ioc\.example"):
            Email(id="d", url="smtp://h", sender="a@b", to=(address,))
