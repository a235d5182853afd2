"""Command `discover`: which ONVIF cameras there are in a subnet, their streams, and a site file of them."""

import json as json_format
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from api.errors import ApiError
from api.interruption import INTERRUPTED, Interruption, interruptible
from api.words import counted
from streams.clock import CLOCK_OFF_S

if TYPE_CHECKING:
    from api.camera_blocks import FoundCamera, Login
    from streams.discovery import Answer
    from streams.onvif import Credentials, OnvifCamera
    from streams.onvif_profiles import Profile
    from streams.subnet import Subnet

# Each command imports what it needs itself (see api/__main__.py).
# ruff: noqa: PLC0415

AT_ONCE = 16
BUDGET = 5
"""A device may take so many times as long as one answer of it may."""


def discover(
    subnet: Annotated[str, typer.Option(help="Addresses of the cameras, such as 192.168.1.0/24.", show_default=False)],
    interface: Annotated[
        str | None, typer.Option(help="Ask out of this network interface; else of the one in the subnet.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="Ask from this address of this machine.")] = None,
    unicast: Annotated[
        bool, typer.Option("--unicast", help="Ask every address of the subnet, too (at most a /22).")
    ] = False,
    user: Annotated[str | None, typer.Option(help="User of the cameras.")] = None,
    password_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the password of the cameras.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.5, max=60, help="How long to wait for an answer, seconds.")] = 4.0,
    write: Annotated[
        str | None,
        typer.Option(help="Write the cameras into this site file, new or not; `-` prints them.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Finds the ONVIF cameras of a subnet, lists their streams, and writes them into a site file.

    Nothing outside the subnet is spoken to. Exit codes: 0 done; 1 a camera could not be asked, or none was found to be
    written; 2 bad input, nothing is written; 130 interrupted, what was found is written.
    """
    try:
        from streams.discovery import Probe
        from streams.onvif import Credentials
    except ModuleNotFoundError as error:
        if error.name not in ("onveef", "httpx", "defusedxml"):
            raise
        raise ApiError(
            "discovery needs the extra `discovery`: pip install 'ngatu[discovery]' "
            "(in a checkout: .venv/bin/python -m pip install -e '.[discovery]')"
        ) from None
    from api.camera_blocks import Login
    from streams.subnet import Subnet

    if json and write == "-":
        raise ApiError("--json and --write - both print; leave one out, or write into a file")
    searched = Subnet.of(subnet)
    credentials = Credentials(user or "", _password(user, password_env))
    login = Login.of(user, password_env)
    target = _Target(write, login) if write else None
    probe = Probe(searched, _way_out(searched, interface, address, unicast), address or "", unicast)
    heard: list[Answer] = []
    asked: list[_Asked] = []
    interrupted = False
    with interruptible():
        try:
            heard = probe.answers(timeout)
            for one in _ask_all([answer for answer in heard if answer.xaddr], searched, credentials, timeout):
                asked.append(one)
                for line in [] if json else _report(one):
                    typer.echo(line, err=write == "-")
        except Interruption:
            interrupted = True
        for line in _told(heard, asked, searched):
            typer.echo(line, err=True)
        if json:
            typer.echo(json_format.dumps([_as_json(one) for one in asked], indent=2, ensure_ascii=False))
        written = target.write([camera for one in asked for camera in one.found()]) if target else True
        if interrupted:
            typer.echo("ngatu: interrupted", err=True)
            raise typer.Exit(INTERRUPTED)
        if not written or any(one.refusal for one in asked):
            raise typer.Exit(1)


class _Asked:
    """A device that answered, and what came of asking it."""

    def __init__(self, answer: "Answer") -> None:
        self.answer = answer
        self.camera: OnvifCamera | None = None
        self.refusal = ""

    @property
    def host(self) -> str:
        return urlsplit(self.answer.xaddr).hostname or self.answer.sender

    @property
    def name(self) -> str:
        made = f"{self.camera.manufacturer} {self.camera.model}".strip() if self.camera else ""
        return self.answer.name or made or self.host

    def lenses(self) -> "list[list[Profile]]":
        """Its profiles, those of each lens (or channel) together."""
        lenses: dict[str, list[Profile]] = {}
        for profile in self.camera.profiles if self.camera else ():
            lenses.setdefault(profile.source, []).append(profile)
        return list(lenses.values())

    def found(self) -> "Iterator[FoundCamera]":
        """The cameras that can be written."""
        from api.camera_blocks import FoundCamera
        from streams.onvif_profiles import for_detection, for_recording

        lenses = self.lenses()
        for number, profiles in enumerate(lenses, start=1):
            detect, record = for_detection(profiles), for_recording(profiles)
            if detect and record:
                yield FoundCamera(self.name + (f" {number}" if len(lenses) > 1 else ""), self.host, detect, record)


class _Target:
    """Where the cameras are written. What can't be is refused before anybody is asked."""

    def __init__(self, word: str, login: "Login") -> None:
        from api.camera_blocks import SiteText

        self._login = login
        self._path = None if word == "-" else Path(word)
        self._site: SiteText | None = None
        if self._path is None:
            return
        if self._path.is_dir() or not self._path.absolute().parent.is_dir():
            raise ApiError(f"{self._path}: is a folder, or its folder does not exist; name a file in one that does")
        if self._path.exists():
            self._site = SiteText(self._path)

    def write(self, cameras: "Sequence[FoundCamera]") -> bool:
        """Writes them; tells what was written. Whether there was anything to write."""
        from api.camera_blocks import blocks, new_site, write

        known = [camera for camera in cameras if self._site and self._site.knows(camera)]
        new = [camera for camera in cameras if camera not in known]
        if not new:
            typer.echo(
                f"ngatu: nothing written: {'all are there already' if known else 'no camera to be written'}", err=True
            )
            return bool(known)
        if self._path is None:
            typer.echo(blocks(new, self._login), nl=False)
            return True
        try:
            if self._site:
                self._site.add(new, self._login)
            else:
                write(self._path, new_site(blocks(new, self._login)))
        except OSError as error:
            typer.echo(f"ngatu: {self._path}: can't be written: {error.strerror or error}", err=True)
            raise typer.Exit(1) from None
        there = f"; {counted(len(known), 'camera')} there already" if known else ""
        typer.echo(f"wrote {self._path}: {counted(len(new), 'camera')}{there}", err=True)
        return True


def _password(user: str | None, variable: str | None) -> str:
    """The password of the cameras, from the environment."""
    if (user is None) != (variable is None):
        raise ApiError("--user and --password-env belong together: give both or none")
    if variable is None:
        return ""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        # It may be the password itself: not repeated.
        raise ApiError("--password-env takes the name of an environment variable, not the password itself")
    if variable not in os.environ:
        raise ApiError(f"the environment variable {variable} is not set; set it first: export {variable}=…")
    return os.environ[variable]


def _way_out(subnet: "Subnet", interface: str | None, address: str | None, unicast: bool) -> bytes | None:
    """Where multicast leaves this machine; None where it has no address in the subnet and single ones are asked."""
    from streams.subnet import way_out

    if interface and address:
        raise ApiError("--interface and --address say the same in two ways; give one of them")
    own = address or (None if interface else subnet.own_address())
    if interface or own:
        return way_out(interface, own)
    if unicast:
        return None
    raise ApiError(
        f"this machine has no address in {subnet}; name the way there with --interface or --address, "
        "or ask every address through the router: --unicast"
    )


def _ask_all(
    answers: "Sequence[Answer]", subnet: "Subnet", credentials: "Credentials", timeout_s: float
) -> Iterator[_Asked]:
    """Asks all devices, several at once; one that hangs keeps nobody."""
    from streams.errors import StreamError
    from streams.onvif import ask

    def talk(one: _Asked) -> None:
        try:
            one.camera = ask(one.answer.xaddr, subnet, credentials, timeout_s, budget_s)
        except StreamError as error:
            one.refusal = str(error)

    budget_s = BUDGET * timeout_s
    for first in range(0, len(answers), AT_ONCE):
        asked = [_Asked(answer) for answer in answers[first : first + AT_ONCE]]
        threads = [threading.Thread(target=talk, args=(one,), daemon=True) for one in asked]
        for thread in threads:
            thread.start()
        for one, thread in zip(asked, threads, strict=True):
            thread.join(budget_s + timeout_s)
            if thread.is_alive():
                one = _Asked(one.answer)  # what its thread may still find comes too late  # noqa: PLW2901
                one.refusal = f"{one.answer.xaddr}: no end of its answers in {budget_s:g} s"
            yield one


def _told(heard: "Sequence[Answer]", asked: Sequence[_Asked], subnet: "Subnet") -> Iterator[str]:
    """What people must know beside what was found."""
    for answer in heard:
        if answer.outside and not answer.xaddr:
            named = ", ".join(answer.outside)
            yield f"ngatu: {answer.sender} answers with {named}, outside {subnet}: left alone"
    for one in asked:
        if one.refusal:
            yield f"ngatu: {one.refusal}"
    if not heard:
        yield f"ngatu: no ONVIF camera in {subnet} answered; is ONVIF switched on in the camera, and in this network?"
    off = [one for one in asked if one.camera and abs(one.camera.clock_off_s or 0.0) > CLOCK_OFF_S]
    for one in off:
        yield f"ngatu: {one.host}: {_clock(one.camera)}: give camera and server the same NTP server"
    if sys.stderr.isatty() and heard:
        yield f"ngatu: {counted(len(heard), 'device')} answered"


def _clock(camera: "OnvifCamera | None") -> str:
    off_s = camera.clock_off_s if camera else None
    if off_s is None:
        return "does not tell its time"
    if abs(off_s) <= CLOCK_OFF_S:
        return "clock right"
    return f"clock {abs(off_s):.0f} s {'ahead' if off_s > 0 else 'behind'}"


def _report(one: _Asked) -> Iterator[str]:
    """A device in lines."""
    from streams.onvif_profiles import for_detection, for_recording

    camera = one.camera
    if camera is None:
        return
    made = " ".join(word for word in (camera.manufacturer, camera.model, camera.firmware) if word)
    yield f"{one.host}  {one.name}  ({made}), {_clock(camera)}"
    for profiles in one.lenses():
        detect, record = for_detection(profiles), for_recording(profiles)
        for profile in profiles:
            uses = [word for word, chosen in (("detect", detect), ("record", record)) if chosen is profile]
            rate = f"{profile.fps:g} fps" if profile.fps else ""
            bits = f"{profile.kbps} kbit/s" if profile.kbps else ""
            size = f"{profile.width}×{profile.height}"
            yield (
                f"  {profile.name:16} {profile.codec:5} {size:>9} {rate:>6} {bits:>12}  "
                f"{profile.stream or '-'}{'  ← ' + ' and '.join(uses) if uses else ''}"
            )
        for snapshot in sorted({profile.snapshot for profile in profiles if profile.snapshot}):
            yield f"  one picture: {snapshot}"
    for remark in camera.remarks:
        yield f"  {remark}"


def _as_json(one: _Asked) -> dict[str, Any]:
    from streams.onvif_profiles import for_detection, for_recording

    told: dict[str, Any] = {"host": one.host, "xaddr": one.answer.xaddr, "name": one.name}
    if one.camera is None:
        return told | {"error": one.refusal}
    camera = asdict(one.camera)
    chosen = [
        {"detect": detect.token if detect else None, "record": record.token if record else None}
        for detect, record in ((for_detection(lens), for_recording(lens)) for lens in one.lenses())
    ]
    return told | camera | {"cameras": chosen}
