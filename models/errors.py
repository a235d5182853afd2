"""Errors of models.

ModelError     a model can't be used: not there, no ONNX, another layout, wrong number of classes.
               Fatal at start (exit code 2); the message says what to do.
"""


class ModelError(Exception):
    """A model can't be used. The message says why and what to do."""
