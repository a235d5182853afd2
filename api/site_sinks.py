"""SiteSinks: the sinks of a site file. What stands elsewhere in it is read by `vision.site`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from api.kinds import event_kinds
from api.sink import Sink
from api.sinks import AnySink
from vision.errors import SiteError
from vision.site import Site, load_site
from vision.site_faults import Fault, explained, unknown_word
from vision.site_tree import anchored, filled, read_tree


class WholeSite(Site):
    """A site file with its sinks."""

    sinks: tuple[AnySink, ...] = Field(default=(), description="Where events are sent.")


def load_whole_site(
    path: Path, environment: Mapping[str, str] = os.environ, *, sources: bool = False
) -> tuple[Site, tuple[Sink, ...]]:
    """Reads a site file with its sinks, for a server.

    Args:
        path: The file.
        environment: Where `${NAME}` is looked up.
        sources: See `load_site`; what detectors need must be there.

    Raises:
        SiteError: The file can't be used; one line for each fault with file, place, cause and what is known instead.
    """
    tree, unknown = filled(read_tree(path), environment)
    sinks, faults = read_sinks(anchored(tree, path.parent))
    told = [fault for fault in faults if fault.path not in {one.path for one in unknown}]
    lines = [f"{path}: {fault}" for fault in told]
    try:
        site = load_site(path, environment, detectors=True, sources=sources)
    except SiteError as error:
        before = str(error).splitlines()
        raise SiteError("\n".join([*before, *(line for line in lines if line not in before)])) from None
    if lines:
        raise SiteError("\n".join(lines))
    return site, sinks


def read_sinks(tree: Mapping[str, Any]) -> tuple[tuple[Sink, ...], list[Fault]]:
    """The sinks of a site file and what is wrong with them.

    Args:
        tree: The file, its variables filled in.
    """
    try:
        # Beside any camera: those of the file are looked at, and told of, by `load_site`.
        whole = WholeSite.model_validate(
            {"version": 1, "cameras": [{"id": "any", "source": {"kind": "webcam"}}], "sinks": tree.get("sinks", ())}
        )
    except ValidationError as error:
        return (), explained(error, WholeSite.model_json_schema(), tree)
    return whole.sinks, [*_twice(whole.sinks), *_strangers(whole.sinks, tree), *_missing(whole.sinks)]


def _twice(sinks: Sequence[Sink]) -> Iterator[Fault]:
    ids = [sink.id for sink in sinks]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        yield Fault("sinks", f"sink ids must be unique; given more than once: {', '.join(twice)}")


def _strangers(sinks: Sequence[Sink], tree: Mapping[str, Any]) -> Iterator[Fault]:
    """The routes that name cameras or kinds that there are not: what they are for would never arrive."""
    nodes = tree.get("cameras")
    cameras = [str(node.get("id")) for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    kinds = event_kinds()
    for number, sink in enumerate(sinks):
        for index, route in enumerate(sink.routes):
            place = f"sinks[{number}].routes[{index}]"
            yield from _unknown(f"{place}.cameras", "camera", route.cameras, cameras)
            yield from _unknown(f"{place}.kinds", "kind of event", route.kinds, kinds)


def _unknown(place: str, what: str, words: Sequence[str] | None, known: Sequence[str]) -> Iterator[Fault]:
    for word in words or ():
        if word not in known:
            yield Fault(place, unknown_word(what, word, known))


def _missing(sinks: Sequence[Sink]) -> Iterator[Fault]:
    for number, sink in enumerate(sinks):
        for field, why in sink.missing().items():
            yield Fault(f"sinks[{number}].{field}", why)
