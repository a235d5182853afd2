"""The tree of a site file before its words are understood: read, `${NAME}` filled in, paths anchored."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vision.errors import SiteError
from vision.site_faults import Fault

_VARIABLE = re.compile(r"\$\{(?:(?P<name>[^{}]*)\})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNKNOWN = "1"  # stands for a value that is not known: a password, host or port of this kind can be

Tree = dict[str, Any]


def read_tree(path: Path) -> Tree:
    """What a site file holds, as mappings and lists.

    Raises:
        SiteError: There is no such file, or it is no YAML with a mapping.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SiteError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{path}: can't be read: {error}") from None
    except YAMLError as error:
        raise SiteError(f"{path}: no valid YAML: {_first_lines(error)}") from None
    if not isinstance(tree, dict):
        raise SiteError(f"{path}: a site file is a mapping that begins with `version: 1`")
    return tree


def filled(tree: Tree, environment: Mapping[str, str]) -> tuple[Tree, list[Fault]]:
    """The tree with each `${NAME}` in a `url` or `secret` replaced by the environment variable.

    In a `url` it is percent-encoded, so that a password may hold any character.

    Returns:
        The tree, with something else for what is not known, and what is wrong with its variables. No message shows
        what stands in an address: it may be a password.
    """
    faults: list[Fault] = []

    def fill(where: str, text: str) -> str:
        if "${" not in text:
            return text
        key = where.rpartition(".")[2]
        if key not in ("url", "secret"):
            cause = "`${…}` is filled in only where the key is `url` or `secret`; write the value itself"
            faults.append(Fault(where, cause))
            return text

        def value(found: re.Match[str]) -> str:
            name = found["name"]
            if name in environment and _NAME.fullmatch(name):
                return quote(environment[name], safe="") if key == "url" else environment[name]
            faults.append(Fault(where, _why_not(name)))
            return _UNKNOWN

        return _VARIABLE.sub(value, text)

    return _mapped(tree, "", fill), faults


def anchored(tree: Tree, folder: Path) -> Tree:
    """The tree with the relative paths of its sources, detectors and sinks made relative to a folder."""
    cameras = tree.get("cameras")
    parts = [tree.get("defaults"), *(cameras if isinstance(cameras, list) else [])]
    for part in parts:
        for key in ("source", "detector"):
            block = part.get(key) if isinstance(part, dict) else None
            if not isinstance(block, dict):
                continue
            for name in ("path", "model"):
                word = block.get(name)
                # A model is a path where it is written as one; else a name in the catalogue.
                if isinstance(word, str) and (name == "path" or Path(word).suffix or "/" in word):
                    block[name] = str(folder / word)
    sinks = tree.get("sinks")
    for sink in sinks if isinstance(sinks, list) else []:
        if isinstance(sink, dict) and isinstance(sink.get("path"), str):
            sink["path"] = str(folder / sink["path"])
    return tree


def _why_not(name: str | None) -> str:
    """Why a `${name}` can't be filled in; None where its end is missing."""
    if name is None:
        return "`${` without its `}`; write ${NAME}, or %24%7B for a `${` of the address itself"
    if not _NAME.fullmatch(name):
        return (
            "what stands in `${…}` must be the name of an environment variable: letters, digits and `_`, no digit "
            "first; a `${` of the address itself is written %24%7B"
        )
    return f"the environment variable {name} is not set; set it before you start: export {name}=…"


def _mapped(node: Any, where: str, change: Callable[[str, str], str]) -> Any:
    """A tree with all its strings changed by a function that is told where they stand."""
    if isinstance(node, dict):
        return {key: _mapped(value, f"{where}.{key}".lstrip("."), change) for key, value in node.items()}
    if isinstance(node, list):
        return [_mapped(value, f"{where}[{index}]", change) for index, value in enumerate(node)]
    return change(where, node) if isinstance(node, str) else node


def _first_lines(error: YAMLError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(line for line in lines if not line.startswith(("To suppress", "http")))[:400]
