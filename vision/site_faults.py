"""Faults of a site file, told with their place in the words of the file."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError
from streams.address import masked


class Fault(NamedTuple):
    """Something that is wrong with a site file.

    Attributes:
        path: Where, such as `cameras[0].rules[1]`.
        cause: What is wrong, and what is known instead.
    """

    path: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: {self.cause}"


def explained(error: ValidationError, schema: dict[str, Any], tree: Mapping[str, Any]) -> list[Fault]:
    """What pydantic found, in the words of the file.

    Args:
        error: What it found.
        schema: JSON schema of the whole file: what is known at each place.
        tree: The file.
    """
    faults = error.errors(include_url=False)
    # A list whose members are wrong is also too short for pydantic: people need the cause only.
    causes = [one for one in faults if not any(_is_below(other["loc"], one["loc"]) for other in faults)]
    return [_explained(one, schema, tree) for one in causes]


def _explained(fault: Any, schema: dict[str, Any], tree: Mapping[str, Any]) -> Fault:
    location, kind, context = fault["loc"], fault["type"], fault.get("ctx", {})
    path = _path(location, tree)
    if kind == "union_tag_invalid":
        known = [word.strip("' ") for word in context["expected_tags"].split(",")]
        return Fault(f"{path}.kind", unknown_word("kind", context["tag"], known))
    if kind == "union_tag_not_found":
        return Fault(path, "`kind` is missing")
    if kind == "extra_forbidden":
        parent = location[:-1]
        return Fault(_path(parent, tree), unknown_word("field", str(location[-1]), _fields(parent, schema)))
    if kind == "missing":
        return Fault(path, "is missing")
    if kind == "value_error":
        return Fault(path, str(context["error"]))
    given = "" if isinstance(fault["input"], dict | list) else f", not {masked(repr(fault['input']))}"
    return Fault(path, f"{fault['msg'][0].lower()}{fault['msg'][1:]}{given}")


def _is_below(location: tuple[str | int, ...], parent: tuple[str | int, ...]) -> bool:
    return len(location) > len(parent) and location[: len(parent)] == parent


def unknown_word(what: str, word: str, known: Sequence[str]) -> str:
    """That there is no such word, which one may be meant, and which there are."""
    near = get_close_matches(word, known, n=1)
    hint = f" did you mean {near[0]!r}?" if near else ""
    return f"no {what} {word!r};{hint} there are: {', '.join(known)}"


def _path(location: tuple[str | int, ...], tree: Any) -> str:
    """`cameras[0].rules[1].line` from a pydantic location; the kinds that it puts in between are left out."""
    path, node = "", tree
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
            node = node[step] if isinstance(node, list) and step < len(node) else None
        elif isinstance(node, dict) and node.get("kind") == step and step not in node:
            continue
        else:
            path += f".{step}"
            node = node.get(step) if isinstance(node, dict) else None
    return path.lstrip(".") or "the file"


def _fields(location: tuple[str | int, ...], schema: dict[str, Any]) -> list[str]:
    """Names of the fields that there are at a place of the file."""
    node: Any = schema
    for step in location:
        node = _resolved(node, schema)
        if "discriminator" in node and step in node["discriminator"]["mapping"]:
            node = {"$ref": node["discriminator"]["mapping"][step]}
        elif isinstance(step, int):
            node = node.get("items", {})
        else:
            # A mapping whose keys are ids has one schema for all its members.
            [member] = node.get("patternProperties", {"": {}}).values()
            node = node.get("properties", {}).get(step, member)
    return list(_resolved(node, schema).get("properties", {}))


def _resolved(node: Any, schema: dict[str, Any]) -> Any:
    """A node of the JSON schema with its reference followed and `null` left out of its alternatives."""
    alternatives = [one for one in node.get("anyOf", []) if one.get("type") != "null"]
    if alternatives:
        node = alternatives[0]
    if "$ref" in node:
        return _resolved(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    return node
