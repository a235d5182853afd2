"""Errors of vision.

SiteError      the site file, or what a rule needs of its scene, is not right.
               Fatal at start (exit code 2); the message names the path, the cause and what is known instead.
"""


class SiteError(Exception):
    """The site file can't be used as it stands. The message says where, why and what to do."""
