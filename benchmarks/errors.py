"""What can go wrong with a measurement.

BenchError            the message says what to do; exit code 2
└── IncomparableError    two results that say nothing about each other
SkippedCaseError         a case that can't be measured here; the reason goes into the result
"""


class BenchError(Exception):
    """A measurement can't be made."""


class IncomparableError(BenchError):
    """Two results come from different machines, models or clips."""


class SkippedCaseError(Exception):
    """A case can't be measured on this machine; the message says why."""
