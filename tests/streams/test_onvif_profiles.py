import pytest

from streams.onvif_profiles import Codec, Profile, codec_of, for_detection, for_recording, without_credentials


def profile(
    token: str,
    width: int,
    height: int,
    codec: Codec = "H264",
    kbps: int | None = None,
    stream: str = "rtsp://10.0.0.1/x",
) -> Profile:
    return Profile(token, token, "lens", codec, width, height, 25.0, kbps, stream)


def chosen(*profiles: Profile) -> tuple[str | None, str | None]:
    detect, record = for_detection(profiles), for_recording(profiles)
    return detect.token if detect else None, record.token if record else None


def test_the_smallest_that_is_wide_enough_is_looked_at_and_the_largest_recorded() -> None:
    main, sub, third = profile("main", 2560, 1440), profile("sub", 704, 576), profile("third", 352, 288)
    assert chosen(main, sub, third) == ("sub", "main")
    assert chosen(third, sub, main) == ("sub", "main")


def test_640_px_are_wide_enough_and_639_are_not() -> None:
    assert chosen(profile("main", 1920, 1080), profile("sub", 640, 360)) == ("sub", "main")
    assert chosen(profile("main", 1920, 1080), profile("sub", 639, 360)) == ("main", "main")


def test_where_none_is_wide_enough_the_largest_is_looked_at() -> None:
    assert chosen(profile("main", 352, 288), profile("sub", 176, 144)) == ("main", "main")


def test_of_one_size_the_leaner_is_looked_at_and_the_richer_recorded() -> None:
    assert chosen(profile("rich", 1280, 720, kbps=4096), profile("lean", 1280, 720, kbps=512)) == ("lean", "rich")


def test_what_can_not_be_read_is_not_chosen() -> None:
    main, jpeg = profile("main", 1920, 1080, "H265"), profile("jpeg", 3840, 2160, "JPEG")
    mute = profile("mute", 3840, 2160, stream="")
    assert chosen(jpeg, mute, main) == ("main", "main")
    assert chosen(jpeg, mute) == (None, None)
    assert chosen() == (None, None)


@pytest.mark.parametrize(
    ("word", "codec"),
    [
        ("H264", "H264"), ("h.265", "H265"), ("HEVC", "H265"), ("JPEG", "JPEG"), ("MPV4-ES", "MPEG4"),
        ("", "?"), ("AV1", "?"),
    ],
)  # fmt: skip
def test_codecs_are_known_in_whatever_spelling(word: str, codec: str) -> None:
    assert codec_of(word) == codec


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://10.0.0.1:554/sub", "rtsp://10.0.0.1:554/sub"),
        ("rtsp://admin:s3cret@10.0.0.1/sub", "rtsp://10.0.0.1/sub"),
        ("rtsp://admin:s3@cret@10.0.0.1/sub", "rtsp://10.0.0.1/sub"),
        ("rtsp://10.0.0.1/live?channel=1&password=s3cret&x=2", "rtsp://10.0.0.1/live?channel=1&password=***&x=2"),
        ("rtsp://10.0.0.1/user=admin&password=s3cret&channel=1", "rtsp://10.0.0.1/user=admin&password=***&channel=1"),
        ("rtsp://10.0.0.1/user=admin_password=s3cret_channel=1_stream=0.sdp", "rtsp://10.0.0.1/user=admin_password=***_channel=1_stream=0.sdp"),
        ("http://10.0.0.1/one.jpg?token=s3cret", "http://10.0.0.1/one.jpg?token=***"),
        ("rtsp://10.0.0.1/bypass=1", "rtsp://10.0.0.1/bypass=1"),
    ],
)  # fmt: skip
def test_no_secret_is_left_in_an_address(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_something_else_may_stand_for_a_secret() -> None:
    assert without_credentials("rtsp://10.0.0.1/?pwd=s", "${GATE}") == "rtsp://10.0.0.1/?pwd=${GATE}"
