"""Records a camera until it is killed: `python -m tests.api.recorder_at_work FOLDER URL`. Says each noted file."""

import logging
import sys
import time
from datetime import timedelta
from pathlib import Path

from api.archive import Archive, Limits
from api.recording_index import RecordingIndex
from streams.record import Record


def main() -> None:
    """Records, one segment a second."""
    logging.basicConfig(level=logging.WARNING)
    folder, url = Path(sys.argv[1]), sys.argv[2]
    with RecordingIndex.open(f"sqlite:///{folder}/ngatu.db") as index:
        limits = Limits(age=timedelta(days=1), bytes=None, free=0)
        archive = Archive({"road": Record(url=url)}, folder / "recordings", index, limits, segment_s=1)
        archive.start()
        print("at work", flush=True)
        told = set[str]()
        while True:
            for segment in index.all():
                if segment.file not in told:
                    told.add(segment.file)
                    print(segment.file, flush=True)
            time.sleep(0.05)


if __name__ == "__main__":
    main()
