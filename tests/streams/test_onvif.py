import time

import pytest

from streams.errors import StreamError, StreamRefused
from streams.onvif import Credentials, OnvifCamera, ask
from streams.subnet import Subnet
from tests.streams.onvif_peer import ENVELOPE, Peer

SUBNET = Subnet.of("127.0.77.0/24")
NOBODY = Credentials()
ME = Credentials("admin", "s3cret")


def asked(peer: Peer, who: Credentials = NOBODY, timeout_s: float = 5.0, budget_s: float = 30.0) -> OnvifCamera:
    with peer.at_work():
        return ask(peer.xaddr, SUBNET, who, timeout_s, budget_s)


def refusal(peer: Peer, who: Credentials = NOBODY, timeout_s: float = 5.0, budget_s: float = 30.0) -> str:
    with pytest.raises(StreamError) as raised:
        asked(peer, who, timeout_s, budget_s)
    message = str(raised.value)
    assert message.startswith(peer.xaddr)
    assert "\n" not in message
    assert "s3cret" not in message
    return message.removeprefix(f"{peer.xaddr}: ")


def test_a_camera_tells_who_it_is_and_what_it_offers() -> None:
    peer = Peer()
    camera = asked(peer)
    assert (camera.manufacturer, camera.model, camera.firmware, camera.serial) == ("Acme", "Eye 2", "7.1", "42")
    assert camera.clock_off_s == pytest.approx(0, abs=1.5)
    main, sub = camera.profiles
    assert (main.codec, main.width, main.height, main.fps, main.kbps) == ("H264", 1920, 1080, 25, 2048)
    assert (main.stream, sub.stream) == ("rtsp://127.0.77.1:554/main", "rtsp://127.0.77.1:554/sub")
    assert main.snapshot == "http://127.0.77.1/one.jpg"
    assert main.source == sub.source == "lens"
    assert camera.remarks == ()


def test_h265_is_told_by_the_newer_service() -> None:
    peer = Peer(services=("media", "media2"), encoders={"Main": ("H265", 3840, 2160)})
    assert [profile.codec for profile in asked(peer).profiles] == ["H265"]
    assert peer.asked.count("GetProfiles") == 1


def test_user_and_password_are_shown_as_a_digest() -> None:
    camera = asked(Peer(user="admin", password="s3cret"), ME)
    assert len(camera.profiles) == 2


def test_a_camera_whose_clock_is_far_off_is_asked_by_its_own_time() -> None:
    peer = Peer(user="admin", password="s3cret", ahead_s=-3 * 365 * 86400.0)
    camera = asked(peer, ME)
    assert camera.clock_off_s == pytest.approx(peer.ahead_s, abs=1.5)
    assert len(camera.profiles) == 2


def test_a_wrong_password_is_told_and_not_tried_again() -> None:
    peer = Peer(user="admin", password="other")
    with pytest.raises(StreamRefused, match=r"user or password is wrong \(401\)$"):
        asked(peer, ME)
    assert peer.asked.count("GetDeviceInformation") == 1
    assert "GetProfiles" not in peer.asked


def test_a_camera_that_asks_for_a_password_is_told() -> None:
    assert (
        refusal(Peer(user="admin", password="x"))
        == "asks for a user and a password (401); give --user and --password-env"
    )


def test_a_camera_that_hangs_is_left_after_the_given_time() -> None:
    assert refusal(Peer(hangs=("GetProfiles",)), timeout_s=0.3) == "no answer in 0.3 s"


def test_a_camera_that_answers_in_drops_is_left_when_its_time_is_over() -> None:
    peer, began = Peer(trickles=("GetServices",)), time.monotonic()
    refusal(peer, timeout_s=1.0, budget_s=1.0)
    assert time.monotonic() - began < 20  # all of the answer would take a minute


def test_nobody_at_the_address_is_told() -> None:
    with pytest.raises(StreamError, match="Connection refused"):
        ask("http://127.0.77.9:9/onvif/device_service", SUBNET, NOBODY, 1.0, 5.0)


@pytest.mark.parametrize("body", ["", "hello", "<html>It works!</html>", "<a><b></a>", ENVELOPE.format("<Other/>")])
def test_a_web_server_that_is_no_camera_is_told(body: str) -> None:
    peer = Peer(instead=dict.fromkeys(("GetSystemDateAndTime", "GetServices", "GetCapabilities"), (200, body)))
    assert refusal(peer) == "names no media service; is it an ONVIF camera?"


def test_what_is_not_found_or_failed_is_told() -> None:
    peer = Peer(instead=dict.fromkeys(("GetSystemDateAndTime", "GetServices", "GetCapabilities"), (404, "not here")))
    assert refusal(peer) == "names no media service; is it an ONVIF camera?"
    assert "500" in refusal(Peer(instead={"GetDeviceInformation": (500, "oops")}))
    assert (
        refusal(Peer(instead={"GetProfiles": (200, ENVELOPE.format("<GetProfilesResponse/>"))}))
        == "names no video profile"
    )


def test_an_endless_answer_is_cut() -> None:
    assert "byte cap" in refusal(Peer(instead={"GetProfiles": (200, "x" * 2_000_000)}))


def test_a_service_outside_the_subnet_is_not_spoken_to() -> None:
    with Peer(address="127.0.78.1").at_work() as other:
        message = refusal(Peer(media=other.xaddr))
        assert message == f"its media service is at {other.xaddr}, outside 127.0.77.0/24: not followed"
        assert other.asked == []


def test_an_address_outside_the_subnet_is_not_spoken_to_at_all() -> None:
    with Peer(address="127.0.78.1").at_work() as other:
        with pytest.raises(StreamError, match=r"leads to '127\.0\.78\.1', outside 127\.0\.77\.0/24: not followed"):
            ask(other.xaddr, SUBNET, ME, 1.0, 5.0)
        assert other.asked == []


def test_a_redirection_is_not_followed() -> None:
    with Peer(address="127.0.78.1").at_work() as other:
        assert "redirected" in refusal(Peer(instead={"GetServices": (302, other.xaddr)}))
        assert other.asked == []


def test_streams_outside_the_subnet_are_left_out_and_told() -> None:
    camera = asked(Peer(streams={"Main": "rtsp://10.9.9.9:554/main", "Sub": "http://127.0.77.1/sub"}))
    assert [profile.stream for profile in camera.profiles] == ["", ""]
    assert camera.remarks == (
        "Main: its stream is at rtsp://10.9.9.9:554/main, outside 127.0.77.0/24: left out",
        "Sub: its stream has no address that can be used",
    )


def test_no_secret_of_a_stream_is_handed_on() -> None:
    peer = Peer(
        streams={"Main": "rtsp://admin:s3cret@127.0.77.1/main?password=s3cret", "Sub": "rtsp://u:s3cret@10.9.9.9/"}
    )
    camera = asked(peer)
    assert camera.profiles[0].stream == "rtsp://127.0.77.1/main?password=***"
    assert "s3cret" not in str(camera)


def test_a_profile_without_a_stream_is_told_and_the_others_go_on() -> None:
    fault = ENVELOPE.format("<s:Fault><s:Reason><s:Text>no such profile</s:Text></s:Reason></s:Fault>")
    camera = asked(Peer(instead={"GetSnapshotUri": (400, fault), "GetStreamUri": (500, fault)}))
    assert [profile.stream for profile in camera.profiles] == ["", ""]
    assert [remark.partition(":")[0] for remark in camera.remarks] == ["Main", "Sub"]
