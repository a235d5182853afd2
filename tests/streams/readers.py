"""Readers that tests start."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from streams.reader import Reader
from streams.source import Source


@contextmanager
def started() -> Iterator[Callable[..., Reader]]:
    """Starts readers, and stops them in the end."""
    readers: list[Reader] = []

    def start(source: Source, camera: str = "gate", **options: Any) -> Reader:
        reader = Reader(camera, source, **options)
        readers.append(reader)
        reader.start()
        return reader

    yield start
    for reader in readers:
        reader.stop()
