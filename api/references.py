"""References: what each camera usually sees, kept over a restart, so that one that was turned meanwhile is told."""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from streams.picture_reference import PictureReference
from vision.site import Camera, Site

log = logging.getLogger(__name__)

SAVE_S = 60.0
_DRAWN = {"lines", "zones", "lanes", "signals", "calibration"}


class References:
    """The files of the references of a site, one a camera.

    One that was learnt for other lines, zones, lanes, signals or another calibration is not used: whoever turns a
    camera on purpose draws these anew, and with that it is looked at anew.

    Args:
        site: The cameras. Of clips nothing is kept.
        folder: Where the files are. It is made if it is missing.
    """

    def __init__(self, site: Site, folder: Path) -> None:
        self._folder = folder
        self._drawn = {camera.id: _drawn(camera) for camera in site.cameras if camera.source.live}
        self._saved: dict[str, datetime | None] = {}
        self._fault = ""
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None

    def before(self) -> dict[str, PictureReference]:
        """What was saved and still holds, by camera."""
        found = {name: PictureReference.load(self._path(name), drawn) for name, drawn in self._drawn.items()}
        return {name: reference for name, reference in found.items() if reference is not None}

    def start(self, present: Callable[[], Mapping[str, PictureReference]]) -> None:
        """Saves from now on, once a minute. May be called once.

        Args:
            present: Gives what each camera usually sees.
        """

        def keep() -> None:
            while not self._stopping.wait(SAVE_S):
                self.save(present())
            self.save(present())

        self._keeper = threading.Thread(target=keep, name="keep references", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Saves once more and ends."""
        self._stopping.set()
        if self._keeper:
            self._keeper.join()

    def save(self, present: Mapping[str, PictureReference]) -> None:
        """Saves those that have changed. What can't be written is told once: nothing else may suffer from it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in self._drawn.keys() & present.keys():
                reference = present[name]
                if name not in self._saved or self._saved[name] != reference.at:
                    reference.save(self._path(name), self._drawn[name])
                    self._saved[name] = reference.at
        except OSError as error:
            if not self._fault:
                log.warning("what cameras usually see can't be kept in %s: %s", self._folder, error.strerror or error)
            self._fault = str(error)
            return
        self._fault = ""

    def _path(self, camera: str) -> Path:
        return self._folder / f"{camera}.npz"


def _drawn(camera: Camera) -> str:
    """What stands for all that was drawn into a camera's picture."""
    return hashlib.sha256(camera.model_dump_json(include=_DRAWN).encode()).hexdigest()
