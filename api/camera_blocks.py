"""Cameras that were found, as blocks of a site file; and how they come into one that is there already.

A site file belongs to the person who wrote it: blocks are put in as text, so that every line, comment and space that
was there stays; what comes out must read as what was there and the new cameras, else nothing is written.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from api.errors import ApiError
from streams.onvif_profiles import Profile, without_credentials
from streams.whole_file import whole_file
from vision.errors import SiteError
from vision.site_tree import read_tree

ID_LONGEST = 48
_NO_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that was found: one lens of a device.

    Attributes:
        name: What people call it.
        host: Address of the device.
        detect: The stream to look at.
        record: The stream to record.
    """

    name: str
    host: str
    detect: Profile
    record: Profile


@dataclass(frozen=True, slots=True)
class Login:
    """How user and password stand in the addresses of a site file.

    Attributes:
        user: The user, or `${NAME}`.
        password: `${NAME}`, always.
    """

    user: str
    password: str

    @classmethod
    def of(cls, user: str | None, password_env: str | None) -> "Login":
        """What was given on the command line; else variables for somebody to set."""
        return cls(quote(user, safe="") if user else "${CAM_USER}", f"${{{password_env or 'CAM_PASSWORD'}}}")

    def into(self, url: str) -> str:
        """An address of a camera with user and password in it."""
        escaped = url.replace("${", "%24%7B")  # of the camera itself: not to be filled in
        parts = urlsplit(without_credentials(escaped, self.password))
        return parts._replace(netloc=f"{self.user}:{self.password}@{parts.netloc}").geturl()


def slug(name: str, host: str, taken: Iterable[str]) -> str:
    """An id for a camera: its name in small ASCII letters; with its address, or a number, where that is taken."""
    plain = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:ID_LONGEST].rstrip("-") or "camera"
    if word[0].isdigit() or word in _NO_WORDS:  # YAML would read a number, a date or a truth value
        word = f"camera-{word}"
    known = set(taken)
    for one in (word, f"{word}-{host.rpartition('.')[2]}"):
        if one not in known:
            return one
    number = 2
    while f"{word}-{number}" in known:
        number += 1
    return f"{word}-{number}"


def blocks(cameras: Iterable[FoundCamera], login: Login, taken: Iterable[str] = (), indent: str = "  ") -> str:
    """Cameras as members of `cameras:`.

    Args:
        cameras: Those that were found.
        login: How user and password are written.
        taken: Ids that there are already.
        indent: What stands before the `-` of a member.
    """
    known = set(taken)
    lines: list[str] = []
    for camera in cameras:
        name = slug(camera.name, camera.host, known)
        known.add(name)
        looked_at, recorded = (_quoted(login.into(one.stream)) for one in (camera.detect, camera.record))
        lines += [
            f"{indent}- id: {name}",
            f"{indent}  name: {_quoted(camera.name.replace('${', '$ {'))}",  # `${` stands for a variable
            f"{indent}  source: {{kind: rtsp, url: {looked_at}}}    # {_like(camera.detect)}",
            f"{indent}  record: {{url: {recorded}}}    # {_like(camera.record)}",
        ]
    return "".join(f"{line}\n" for line in lines)


def new_site(found: str) -> str:
    """A whole site file of blocks."""
    return 'version: 1\nsite: {id: site, name: "", timezone: Asia/Ho_Chi_Minh}\ncameras:\n' + found


class SiteText:
    """The text of a site file, into which cameras can be put.

    Raises:
        SiteError: The file can't be read.
        ApiError: It has no list of cameras to which something can be added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tree = read_tree(path)
        self._text = path.read_bytes().decode()  # with the ends of lines as they are
        self._end, self._indent = self._place()

    @property
    def ids(self) -> list[str]:
        """Of its cameras."""
        return [str(camera["id"]) for camera in self._cameras() if "id" in camera]

    def knows(self, camera: FoundCamera) -> bool:
        """Whether a camera is there already: one of its streams is."""
        there = {_where(url) for one in self._cameras() for url in _urls(one)}
        return not there.isdisjoint((_where(camera.detect.stream), _where(camera.record.stream)))

    def add(self, cameras: Sequence[FoundCamera], login: Login) -> None:
        """Writes the file anew, with these cameras behind those that are there.

        Raises:
            ApiError: They would not be read as they are meant; nothing was written.
            OSError: The file can't be written.
        """
        before, after = self._text[: self._end], self._text[self._end :]
        found = ("" if before.endswith("\n") else "\n") + blocks(cameras, login, self.ids, self._indent)
        if "\r\n" in self._text:
            found = found.replace("\n", "\r\n")
        write(self._path, before + found + after, lambda path: self._is_whole(path, len(cameras)))

    def _is_whole(self, path: Path, more: int) -> bool:
        """Whether a file holds what this one does, and so many cameras more."""
        try:
            tree = read_tree(path)
        except SiteError:
            return False
        there, now = self._tree["cameras"], tree.get("cameras")
        if not isinstance(now, list) or now[: len(there)] != there or len(now) != len(there) + more:
            return False
        return tree | {"cameras": None} == self._tree | {"cameras": None}

    def _cameras(self) -> list[dict[str, Any]]:
        return [camera for camera in self._tree.get("cameras") or () if isinstance(camera, dict)]

    def _place(self) -> tuple[int, str]:
        """Where the last camera ends (a place in the text), and what stands before the `-` of each."""
        root = YAML(typ="rt", pure=True).compose(self._text)
        node = _value(root, "cameras")
        if not isinstance(node, SequenceNode) or node.flow_style or not node.value:
            raise ApiError(
                f"{self._path}: its `cameras:` is no list of lines that begin with `-`; print the found ones with "
                "`--write -` and put them in by hand"
            )
        column = node.start_mark.column
        # Text of several lines (`|`) ends behind the empty lines that follow it.
        last = len(self._text[: _last(node.value[-1]).end_mark.index].rstrip())
        line_end = self._text.find("\n", last)
        end = at = len(self._text) if line_end < 0 else line_end + 1
        for line in self._text[at:].splitlines(keepends=True):
            at += len(line)
            word = line.lstrip()
            if word.startswith("#") and len(line) - len(word) > column:
                end = at  # a comment that is further in belongs to the camera above
            elif word:
                break
        return end, " " * column


def write(path: Path, text: str, is_whole: Callable[[Path], bool] = lambda path: True) -> None:
    """Writes a file so that it is there whole or not at all.

    Args:
        path: The file.
        text: What it is to hold.
        is_whole: Whether what was written, still under another name, may take its place.

    Raises:
        ApiError: It would not be whole.
        OSError: It can't be written.
    """
    with whole_file(path) as part:
        part.write_bytes(text.encode())
        if not is_whole(part):
            raise ApiError(f"{path}: can't be added to safely, and stays as it is; print the cameras with `--write -`")


def _value(node: Node | None, key: str) -> Node | None:
    if isinstance(node, MappingNode):
        for name, value in node.value:
            if name.value == key:
                found: Node = value
                return found
    return None


def _last(node: Node) -> Node:
    """The innermost node that ends a block: the mark of a block itself lies behind comments and empty lines."""
    while isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    return node


def _urls(camera: Mapping[str, Any]) -> list[str]:
    parts = (camera.get("source"), camera.get("record"))
    return [str(part["url"]) for part in parts if isinstance(part, dict) and "url" in part]


def _where(url: str) -> tuple[str, str, str]:
    """What of an address says which stream it is."""
    try:
        parts = urlsplit(without_credentials(url, ""))
    except ValueError:
        return url, "", ""
    return parts.netloc.removesuffix(":554"), parts.path, parts.query


def _like(profile: Profile) -> str:
    """A stream in words."""
    words = [f"{profile.width}×{profile.height}", profile.codec]
    words += [f"{profile.fps:g} fps"] if profile.fps else []
    words += [f"{profile.kbps} kbit/s"] if profile.kbps else []
    return " ".join(words)


def _quoted(text: str) -> str:
    """As YAML: a JSON string is one."""
    return json.dumps(text, ensure_ascii=False)
