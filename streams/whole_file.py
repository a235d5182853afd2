"""A file that is there whole or not at all, whatever happens while it is written."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copymode


def part_of(path: Path) -> Path:
    """Where a file is written before it is put into its place: beside it, so that this is a mere renaming."""
    place = path.resolve()
    return place.with_name(f"{place.name}.part")


def put_in_place(path: Path) -> None:
    """Puts what was written beside a file into its place. A link stays a link, and an older file's rights stay.

    Raises:
        OSError: That can't be done.
    """
    place, part = path.resolve(), part_of(path)
    if place.exists():
        copymode(place, part)
    part.replace(place)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives the path to write to; at the end of the block that takes the place of the file, unless the block raises.

    Raises:
        OSError: It can't be put into its place.
    """
    part = part_of(path)
    try:
        yield part
        put_in_place(path)
    finally:
        with suppress(OSError):  # a disk that is gone has its own error, which is the one to be told
            part.unlink(missing_ok=True)
