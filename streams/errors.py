"""Errors of streams.

StreamError            retried by the reader: logged once when lost, once when back
├── StreamRefused      will not get better by itself (wrong password, no such path, not a video)
└── WorkerLost         who read it hangs, died or had to be killed: it is started again
SourceEnded            a file came to its end: no fault
"""


class StreamError(Exception):
    """The source gives no picture. The message says for people what is wrong and what to do; no secret in it."""


class StreamRefused(StreamError):  # noqa: N818 - what happened, in one word
    """The source answers, but will not give pictures: wrong password, unknown path, not a video."""


class WorkerLost(StreamError):  # noqa: N818 - what happened
    """The thread that reads a camera hangs, or its process died or was killed; the message says which and why."""


class SourceEnded(Exception):  # noqa: N818 - an end is not an error
    """A source with an end has come to it."""
