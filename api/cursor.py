"""Cursor: the opaque word by which a page of events continues behind the last."""

import base64
import binascii


def encode_cursor(at_us: int, event_id: str) -> str:
    """The cursor that continues behind an event: its moment, microseconds since 1970, and its id."""
    return base64.urlsafe_b64encode(f"{at_us} {event_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[int, str]:
    """Place of a cursor: `at_us` and id.

    Raises:
        ValueError: We never gave out such a cursor.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at_us, event_id = raw.decode("ascii").split(" ")
        place = int(at_us), event_id
    except (ValueError, binascii.Error) as error:
        raise ValueError("not a cursor of ours; take `next` of the page before") from error
    if not -(2**63) <= place[0] < 2**63 or not event_id.isprintable():
        raise ValueError("not a cursor of ours; take `next` of the page before")
    return place
