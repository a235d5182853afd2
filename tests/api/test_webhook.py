import base64
import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.errors import Refused, Unreachable
from api.sink import Message
from api.sinks.webhook import Webhook, sign
from tests.api.receiver import LOCAL, SECRET, Receiver, receiving
from tests.api.stage import incident, passage


@pytest.fixture(name="receiver")
def fixture_receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def message(event: Any) -> Message:
    return Message(1, event.camera, event.model_dump_json(by_alias=True))


def send(sink: Webhook, *events: Any) -> None:
    connection = sink.connect()
    try:
        connection.send([message(event) for event in events])
    finally:
        connection.close()


def test_the_signature_is_that_of_the_reference() -> None:
    """The vector with which the libraries of Standard Webhooks are tested."""
    signed = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_is_posted_with_a_signature_that_its_receiver_can_check(receiver: Receiver) -> None:
    send(receiver.sink(), incident(1))
    (post,) = receiver.posts
    assert post.path == "/hooks/ngatu?site=1"
    assert post.headers["Content-Type"] == "application/json"
    assert post.headers["Host"] == f"127.0.0.1:{receiver.port}"
    told = json.loads(post.body)
    assert told["type"] == "incident.intrusion.began"
    assert told["timestamp"] == "2026-11-24T05:00:01.000Z"
    assert told["data"] == json.loads(incident(1).model_dump_json(by_alias=True))
    stamp = post.headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 300
    content = f"{post.headers['webhook-id']}.{stamp}.".encode() + post.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{expected}"


def test_the_beginning_and_the_end_of_an_incident_are_two_messages_and_each_is_the_same_again(
    receiver: Receiver,
) -> None:
    began, ended = incident(1), incident(1, ended_s=9.0)
    send(receiver.sink(), began, ended, began, passage(2))
    assert receiver.ids() == [f"{began.id}-began", f"{began.id}-ended", f"{began.id}-began", passage(2).id]


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_an_answer_about_the_message_refuses_it(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda number, post: status
    with pytest.raises(Refused, match=f"answers {status}: it does not take this event"):
        send(receiver.sink(), passage(1))


@pytest.mark.parametrize(
    ("status", "said", "refused"),
    [
        (500, "answers 500: not now", False),
        (503, "answers 503: not now", False),
        (429, "answers 429: not now", False),
        (401, "answers 401: it does not accept the secret", True),
        (403, "answers 403: it does not accept the secret", True),
        (404, "answers 404: the address leads to nothing that takes events", True),
        (302, "answers 302: it has moved; give its new address, none is followed", True),
    ],
)
def test_another_answer_lets_all_wait(receiver: Receiver, status: int, said: str, refused: bool) -> None:
    receiver.answer = lambda number, post: status
    receiver.headers = {"Location": "http://127.0.0.1:1/", "Retry-After": "17"}
    with pytest.raises(Unreachable, match=said) as caught:
        send(receiver.sink(), passage(1))
    assert (caught.value.refused, caught.value.wait_s) == (refused, 17.0)
    assert len(receiver.all) == 1, "it is asked again by who sends, and no other address is"


@pytest.mark.parametrize(("header", "wait_s"), [("86400", 300.0), ("Wed, 25 Nov 2026 00:00:00 GMT", 0.0), ("-1", 0.0)])
def test_no_receiver_makes_us_wait_for_ever(receiver: Receiver, header: str, wait_s: float) -> None:
    receiver.answer = lambda number, post: 503
    receiver.headers = {"Retry-After": header}
    with pytest.raises(Unreachable) as caught:
        send(receiver.sink(), passage(1))
    assert caught.value.wait_s == wait_s


def test_a_receiver_that_is_down_and_comes_back(receiver: Receiver) -> None:
    sink = receiver.sink()
    connection = sink.connect()
    connection.send([message(passage(1))])
    receiver.stop()
    with pytest.raises(Unreachable, match=r"^connection refused$"):
        connection.send([message(passage(2))])
    receiver.start()
    connection.send([message(passage(2))])
    assert receiver.ids() == [passage(1).id, passage(2).id]
    connection.close()
    connection.close()


def test_a_connection_that_was_closed_in_the_meantime_is_made_anew(receiver: Receiver) -> None:
    connection = receiver.sink().connect()
    connection.send([message(passage(1))])
    receiver.stop()
    receiver.start()
    connection.send([message(passage(2))])
    assert receiver.ids() == [passage(1).id, passage(2).id]
    connection.close()


def test_a_receiver_that_hangs_up_is_not_asked_for_ever(receiver: Receiver) -> None:
    receiver.answer = lambda number, post: None
    with pytest.raises(Unreachable, match="closes the connection without an answer"):
        send(receiver.sink(), passage(1))
    assert len(receiver.all) == 1


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        sink = Webhook(id="ioc", url=url, secret=SECRET, networks=LOCAL, timeout_s=0.2)
        with pytest.raises(Unreachable, match=r"^no answer within 0\.2 s$"):
            send(sink, passage(1))


def test_what_is_no_http_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def babble() -> None:
            accepted, _ = other.accept()
            with accepted:
                accepted.recv(65536)
                accepted.sendall(b"220 mail.example ESMTP\r\n")

        talking = threading.Thread(target=babble)
        talking.start()
        sink = Webhook(id="ioc", url=f"http://127.0.0.1:{other.getsockname()[1]}", secret=SECRET, networks=LOCAL)
        with pytest.raises(Unreachable):
            send(sink, passage(1))
        talking.join()


def test_closing_breaks_off_what_is_being_sent(receiver: Receiver) -> None:
    connection = receiver.sink(timeout_s=60).connect()
    connection.send([message(passage(0))])
    receiver.delay_s = 20.0
    failed: list[Exception] = []

    def sending() -> None:
        try:
            connection.send([message(passage(1))])
        except Unreachable as error:
            failed.append(error)

    thread = threading.Thread(target=sending)
    thread.start()
    while len(receiver.all) < 2:
        time.sleep(0.01)
    connection.close()
    thread.join(10)
    assert not thread.is_alive()
    assert failed
    assert len(receiver.all) == 2, "it is not begun anew"


def test_only_its_networks_are_spoken_to(receiver: Receiver) -> None:
    for networks in (["10.0.0.0/8"], ["0.0.0.0/0"]):
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1, which is in none of its `networks`") as caught:
            send(receiver.sink(networks=networks), passage(1))
        assert caught.value.refused
    assert receiver.all == []


def test_a_name_is_asked_for_once_and_what_was_looked_at_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A DNS that changes its mind between the look and the connection changes nothing."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def changing(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "ioc.example":
            asked.append(host)
            return real("127.0.0.1" if len(asked) == 1 else "127.0.0.9", *rest, **more)
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    send(receiver.sink(url=f"http://ioc.example:{receiver.port}/"), passage(1))
    (post,) = receiver.posts
    assert post.headers["Host"] == f"ioc.example:{receiver.port}"
    assert asked == ["ioc.example"]


def test_a_user_in_the_address_is_shown_to_the_receiver(receiver: Receiver) -> None:
    send(receiver.sink(url=f"http://ngatu:p%40ss@127.0.0.1:{receiver.port}"), passage(1))
    (post,) = receiver.posts
    assert post.path == "/"
    assert post.headers["Authorization"] == "Basic " + base64.b64encode(b"ngatu:p@ss").decode()


@pytest.fixture(name="certificate")
def fixture_certificate(tmp_path: Path) -> Path:
    """A key and a certificate of 127.0.0.1 that nobody has signed, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made with the command openssl")
    path = tmp_path / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ioc -addext"
    subprocess.run(
        ["openssl", *words.split(), "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", tmp_path / "c.pem"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "c.pem").read_text())
    return path


def test_a_certificate_must_be_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver(certificate)
    receiver.start()
    try:
        with pytest.raises(Unreachable, match="the certificate of the receiver is not trusted: self-signed"):
            send(receiver.sink(), passage(1))
        assert receiver.all == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        send(receiver.sink(), passage(1))
        assert receiver.ids() == [passage(1).id]
    finally:
        receiver.stop()


def test_tls_to_who_speaks_none_is_said(receiver: Receiver) -> None:
    with pytest.raises(Unreachable, match=r"no secure connection|closes"):
        send(receiver.sink(url=f"https://127.0.0.1:{receiver.port}"), passage(1))


@pytest.mark.parametrize("secret", ["geheim", "whsec_", "whsec_Z2VoZWlt", "whsec_!" + 40 * "A", 40 * "A"])
def test_a_secret_that_can_not_be_one_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValidationError, match=r"must be whsec_ and 24 to 64 bytes in base64; make one with: echo"):
        Webhook(id="ioc", url="https://ioc.example/", secret=secret, networks=LOCAL)
    sink = Webhook(id="ioc", url="https://u:geheim@ioc.example/", secret=SECRET, networks=LOCAL)
    assert SECRET not in repr(sink)
    assert "geheim" not in repr(sink)


def test_an_address_that_can_not_be_one_is_refused() -> None:
    for url in ("ftp://ioc.example/", "ioc.example", "http://"):
        with pytest.raises(ValidationError, match="must look like https://HOST/PATH"):
            Webhook(id="ioc", url=url, secret=SECRET, networks=LOCAL)
