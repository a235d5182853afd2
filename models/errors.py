"""Errors of models.

ModelError                a model can't be used: not there, no ONNX, another layout, wrong number of classes; or a
│                         recording can't. Fatal at start (exit code 2); the message says what to do.
└── RecordingCutError     a recording breaks off; all that it holds was handed on before (exit code 1).
"""


class ModelError(Exception):
    """A model can't be used. The message says why and what to do."""


class RecordingCutError(ModelError):
    """A recording breaks off, since its program was killed or a copy of it is not whole.

    Raised after the last frame that is whole was handed on: what was found until then is right.
    """
