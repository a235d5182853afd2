#!/usr/bin/python3
"""RTSP camera for tests and benchmarks: sends the coded pictures of clips as they are, over and over.

    rtsp_camera.py PORT [NAME=CLIP ...] [--fps 25] [--auth USER:PASSWORD [--digest]]

gives rtsp://127.0.0.1:PORT/NAME, over TCP and UDP, to any number of viewers, and says `ready` once it listens. The
first viewer begins with the first picture of the clip; whoever comes later sees what the others see. Stopped
(SIGSTOP) it is a camera that hangs, killed one without power. With nothing to serve it only sees whether it could.

It runs in the Python of the system, for GStreamer's binding is a package of the system. On Debian:
gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad.
"""

import argparse
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gi

for binding in ("Gst", "GstRtsp", "GstRtspServer"):
    gi.require_version(binding, "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - the versions are chosen first

ADDRESS = "127.0.0.1"
ROLE = "viewer"
SESSIONS_CLEANED_S = 5


class Codec(NamedTuple):
    """GStreamer's elements for a codec: what cuts a file into pictures, how they are written, what sends them."""

    parser: str
    caps: str
    payloader: str


CODECS: Mapping[str, Codec] = {
    "video/x-h264": Codec("h264parse", "video/x-h264,stream-format=byte-stream,alignment=au", "rtph264pay"),
    "video/x-h265": Codec("h265parse", "video/x-h265,stream-format=byte-stream,alignment=au", "rtph265pay"),
    "video/mpeg": Codec("mpeg4videoparse", "video/mpeg,mpegversion=4,systemstream=false", "rtpmp4vpay"),
}
ELEMENTS = ("parsebin", "qtdemux", "appsink", "appsrc", "rtpbin", "udpsink")


class Clip(NamedTuple):
    """The coded pictures of a file.

    Attributes:
        payloader: The element that sends them.
        caps: How they are coded, in GStreamer's words.
        pictures: In the order in which they are decoded.
        shown: When each is shown, in pictures; never before it is decoded.
    """

    payloader: str
    caps: str
    pictures: tuple[Any, ...]
    shown: tuple[int, ...]


def read_clip(path: Path) -> Clip:
    """Takes a file apart, without decoding it.

    Raises:
        ValueError: It has no video that we can send.
    """
    pipeline = Gst.parse_launch("filesrc name=file ! parsebin name=parts")
    pipeline.get_by_name("file").set_property("location", str(path))
    codecs: list[Codec] = []
    samples: list[Any] = []

    def collect(sink: Any) -> Any:
        samples.append(sink.emit("pull-sample"))
        return Gst.FlowReturn.OK

    def take(_: Any, pad: Any) -> None:
        codec = CODECS.get(pad.query_caps(None).get_structure(0).get_name())
        if codec is None or codecs:
            return
        codecs.append(codec)
        branch = Gst.parse_bin_from_description(
            f"{codec.parser} ! {codec.caps} ! appsink name=sink sync=false emit-signals=true", True
        )
        branch.get_by_name("sink").connect("new-sample", collect)
        pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    pipeline.get_by_name("parts").connect("pad-added", take)
    pipeline.set_state(Gst.State.PLAYING)
    end = pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if end.type == Gst.MessageType.ERROR or not samples:
        cause = end.parse_error()[0].message if end.type == Gst.MessageType.ERROR else "it has no pictures"
        raise ValueError(f"{path}: no H.264, H.265 or MPEG-4 video can be read: {cause}")
    buffers = [sample.get_buffer() for sample in samples]
    pictures = tuple(GLib.Bytes.new(buffer.extract_dup(0, buffer.get_size())) for buffer in buffers)
    shown = turns([buffer.pts for buffer in buffers])
    return Clip(codecs[0].payloader, samples[0].get_caps().to_string(), pictures, shown)


def turns(times: list[int]) -> tuple[int, ...]:
    """When pictures are shown, counted in pictures, from their times in the order in which they are decoded.

    Pictures that refer to later ones come out late; all are put off by as much as the latest of them needs.
    """
    in_order = {number: turn for turn, number in enumerate(sorted(range(len(times)), key=lambda one: times[one]))}
    delay = max(number - turn for number, turn in in_order.items())
    return tuple(in_order[number] + delay for number in range(len(times)))


def camera_of(clip: Clip, fps: float) -> Any:
    """A media factory of GStreamer that sends a clip for ever; all its viewers share one stream."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_shared(True)
    # The parameter sets go out with every key picture, for those who come later. A packet holds one picture at most:
    # the payloader of MPEG-4 would wait for several small ones.
    factory.set_launch(f"( appsrc name=clip format=time ! {clip.payloader} name=pay0 config-interval=-1 max-ptime=1 )")

    def begin(_: Any, media: Any) -> None:
        source = media.get_element().get_by_name("clip")
        source.set_property("caps", Gst.Caps.from_string(clip.caps))
        numbers = itertools.count()

        def push(*_: Any) -> None:
            laps, number = divmod(next(numbers), len(clip.pictures))
            gone = laps * len(clip.pictures)
            buffer = Gst.Buffer.new_wrapped_bytes(clip.pictures[number])
            # Times count on at the seam: no viewer can tell where the clip begins anew. The server's sinks wait until
            # a picture is due.
            buffer.dts = round((gone + number) / fps * Gst.SECOND)
            buffer.pts = round((gone + clip.shown[number]) / fps * Gst.SECOND)
            buffer.duration = round(Gst.SECOND / fps)
            source.emit("push-buffer", buffer)

        source.connect("need-data", push)

    factory.connect("media-configure", begin)
    return factory


def guard(server: Any, cameras: list[Any], credentials: str, *, digest: bool) -> None:
    """Has a server ask for user and password, `user:password`; by digest, or else in plain text."""
    user, _, password = credentials.partition(":")
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth = GstRtspServer.RTSPAuth()
    if digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    for camera in cameras:
        allowed = GstRtspServer.RTSPPermissions()
        for what in ("access", "construct"):
            allowed.add_permission_for_role(ROLE, f"media.factory.{what}", True)
        camera.set_permissions(allowed)


def missing_elements() -> list[str]:
    """GStreamer's elements that are not installed here, by name."""
    wanted = [*ELEMENTS, *(name for codec in CODECS.values() for name in (codec.parser, codec.payloader))]
    return [name for name in wanted if Gst.ElementFactory.find(name) is None]


def serve(port: int, clips: Mapping[str, Path], fps: float, credentials: str, *, digest: bool) -> None:
    """Serves clips by name until the process is killed.

    Raises:
        ValueError: A clip can't be sent, or the port is taken.
    """
    read = {path: read_clip(path) for path in set(clips.values())}
    cameras = {name: camera_of(read[path], fps) for name, path in clips.items()}
    server = GstRtspServer.RTSPServer()
    server.set_address(ADDRESS)
    server.set_service(str(port))
    for name, camera in cameras.items():
        server.get_mount_points().add_factory(f"/{name}", camera)
    if credentials:
        guard(server, list(cameras.values()), credentials, digest=digest)
    if not server.attach(None):
        raise ValueError(f"can't listen on {ADDRESS}:{port}")

    def forget_the_gone() -> bool:
        server.get_session_pool().cleanup()
        return True

    GLib.timeout_add_seconds(SESSIONS_CLEANED_S, forget_the_gone)
    print("ready", flush=True)
    GLib.MainLoop().run()


def named_clip(word: str) -> tuple[str, Path]:
    """`NAME=CLIP` taken apart."""
    name, equals, path = word.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"{word!r} is no NAME=CLIP")
    return name, Path(path)


def main() -> None:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("clips", nargs="*", type=named_clip, metavar="NAME=CLIP")
    parser.add_argument("--fps", type=float, default=25.0, help="pictures a second (default: %(default)g)")
    parser.add_argument("--auth", default="", metavar="USER:PASSWORD", help="ask for these")
    parser.add_argument("--digest", action="store_true", help="ask by digest, not in plain text")
    words = parser.parse_args()
    Gst.init(None)
    if missing := missing_elements():
        sys.exit(f"GStreamer has no {', '.join(missing)}")
    if words.clips:
        try:
            serve(words.port, dict(words.clips), words.fps, words.auth, digest=words.digest)
        except ValueError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
