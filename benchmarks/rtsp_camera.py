#!/usr/bin/python3
"""RTSP camera for tests and benchmarks: sends the coded pictures of clips as they are, over and over.

    rtsp_camera.py PORT [NAME=CLIP ...] [--fps 25] [--auth USER:PASSWORD [--digest]] [--address 127.0.0.1]
                   [--other CLIP [--turned]] [--lossy]

gives rtsp://127.0.0.1:PORT/NAME, over TCP and UDP, to any number of viewers, and says `ready` once it listens. The
first viewer begins with the first picture of the clip; whoever comes later sees what the others see. Stopped
(SIGSTOP) it is a camera that hangs, killed one without power. With nothing to serve it only sees whether it could.

While it runs it is told lines on standard input: `turn` has all cameras go over to the other clip, from its first
picture on, in the running stream, and the next one back; `loss 0.02` throws that share of the RTP packets away (only
with --lossy; by the C library's `rand`, which begins with the same seed each time), `loss 0` none.

It runs in the Python of the system, for GStreamer's binding is a package of the system. On Debian:
gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad.
"""

import argparse
import sys
import threading
from collections.abc import Iterable, Mapping
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
ELEMENTS = ("parsebin", "qtdemux", "appsink", "appsrc", "identity", "rtpbin", "udpsink")


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


class Orders:
    """What the cameras of this process are told while they run.

    Attributes:
        turned: Whether the other clip is sent.
        loss: Share of the RTP packets that are thrown away.
    """

    def __init__(self, *, turned: bool) -> None:
        self.turned = turned
        self.loss = 0.0
        self._losers: dict[Any, Any] = {}

    def obey(self, lines: Iterable[str]) -> None:
        """Takes orders, a line each, until there are no more."""
        for line in lines:
            word, _, value = line.strip().partition(" ")
            if word == "turn":
                self.turned = not self.turned
            elif word == "loss":
                self.loss = float(value)
                for loser in self._losers.values():
                    loser.set_property("drop-probability", self.loss)

    def lose_in(self, camera: Any, loser: Any) -> None:
        """Has a camera's present stream lose its packets in an element; that of its last stream is forgotten."""
        self._losers[camera] = loser
        loser.set_property("drop-probability", self.loss)


class Film:
    """The coded pictures of a clip over and over, or of another as long as it is turned; their times count on.

    Args:
        clip: What is sent.
        other: What is sent instead.
        orders: Which of the two.
    """

    def __init__(self, clip: Clip, other: Clip, orders: Orders) -> None:
        self._clips = (clip, other)
        self._orders = orders
        self._turned = orders.turned
        self._sent = self._place = 0

    @property
    def now(self) -> Clip:
        """The clip that is being sent."""
        return self._clips[self._turned]

    def next(self, fps: float) -> Any:
        """The next picture, as a buffer with its times."""
        if self._turned != self._orders.turned:
            self._turned, self._place = self._orders.turned, 0
        clip = self.now
        buffer = Gst.Buffer.new_wrapped_bytes(clip.pictures[self._place])
        # No viewer can tell where the clip begins anew. The server's sinks wait until a picture is due.
        buffer.dts = round(self._sent / fps * Gst.SECOND)
        buffer.pts = round((self._sent - self._place + clip.shown[self._place]) / fps * Gst.SECOND)
        buffer.duration = round(Gst.SECOND / fps)
        self._sent, self._place = self._sent + 1, (self._place + 1) % len(clip.pictures)
        return buffer


def camera_of(clip: Clip, other: Clip, fps: float, orders: Orders, *, lossy: bool) -> Any:
    """A media factory of GStreamer that sends a clip for ever; all its viewers share one stream."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_shared(True)
    # The parameter sets go out with every key picture, for those who come later. A packet holds one picture at most:
    # the payloader of MPEG-4 would wait for several small ones.
    pay = f"{clip.payloader} config-interval=-1 max-ptime=1"
    sends = f"{pay} ! identity name=pay0" if lossy else f"{pay} name=pay0"
    factory.set_launch(f"( appsrc name=clip format=time ! {sends} )")

    def begin(_: Any, media: Any) -> None:
        source = media.get_element().get_by_name("clip")
        film = Film(clip, other, orders)
        source.set_property("caps", Gst.Caps.from_string(film.now.caps))
        source.connect("need-data", lambda *_: source.emit("push-buffer", film.next(fps)))
        if lossy:
            orders.lose_in(factory, media.get_element().get_by_name("pay0"))

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


def serve(words: argparse.Namespace) -> None:
    """Serves clips by name, as the command line says, until the process is killed.

    Raises:
        ValueError: A clip can't be sent, or the port is taken.
    """
    clips: Mapping[str, Path] = dict(words.clips)
    read = {path: read_clip(path) for path in {*clips.values(), *filter(None, [words.other])}}
    orders = Orders(turned=words.turned)
    cameras = {
        name: camera_of(read[path], read[words.other or path], words.fps, orders, lossy=words.lossy)
        for name, path in clips.items()
    }
    server = GstRtspServer.RTSPServer()
    server.set_address(words.address)
    server.set_service(str(words.port))
    for name, camera in cameras.items():
        server.get_mount_points().add_factory(f"/{name}", camera)
    if words.auth:
        guard(server, list(cameras.values()), words.auth, digest=words.digest)
    if not server.attach(None):
        raise ValueError(f"can't listen on {words.address}:{words.port}")

    def forget_the_gone() -> bool:
        server.get_session_pool().cleanup()
        return True

    GLib.timeout_add_seconds(SESSIONS_CLEANED_S, forget_the_gone)
    threading.Thread(target=orders.obey, args=(sys.stdin,), daemon=True).start()
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
    parser.add_argument("--address", default=ADDRESS, help="where it listens (default: %(default)s)")
    parser.add_argument("--other", type=Path, metavar="CLIP", help="of the same codec: what `turn` goes over to")
    parser.add_argument("--turned", action="store_true", help="begin with the other clip")
    parser.add_argument("--lossy", action="store_true", help="packets can be lost: see `loss`")
    words = parser.parse_args()
    Gst.init(None)
    if missing := missing_elements():
        sys.exit(f"GStreamer has no {', '.join(missing)}")
    if words.clips:
        try:
            serve(words)
        except ValueError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
