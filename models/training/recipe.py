"""The settings of a training."""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from models.catalogue import NAME, WEIGHTS
from models.training.dataset import Riders


class Recipe(BaseModel):
    """How a model is trained.

    Two settings of Ultralytics' defaults spoil a fine-tuning of a few epochs, and are other here: its warm-up begins
    with a learning rate of 0.1 for the biases, and its learning rate is that of a training from scratch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(description="Data set in YOLO format; its class names become our labels.")
    weights: Path = Field(default=WEIGHTS / "street-n.pt", description="Checkpoint to start from, .pt.")
    out: Path = Field(default=Path("street-own"), description="Folder for all that is made; the model has its name.")
    riders: Riders = Field(
        default="auto",
        description="How the data set has a rider and the two-wheeler: `joined` in one box, or `apart`, so that they "
        "are joined here. `auto` goes by its classes.",
    )
    size: int = Field(default=640, ge=32, multiple_of=32, description="Side of the training pictures, px.")
    epochs: int = Field(default=10, ge=1, description="How often all pictures are shown.")
    stop_after: int | None = Field(default=None, ge=1, description="Ends after so many of the planned epochs.")
    plain_epochs: int = Field(default=3, ge=0, description="The last epochs show whole pictures instead of mosaics.")
    batch: int = Field(default=16, ge=1, description="Pictures a step.")
    learning_rate: float = Field(default=4e-4, gt=0, description="AdamW's at the start; a cosine leads it down.")
    last_share: float = Field(default=0.05, gt=0, le=1, description="Share of it that is left at the end.")
    zoom: float = Field(default=0.5, ge=0, lt=1, description="Pictures are scaled by 1 ± this.")
    rare: float = Field(default=0.0, ge=0, le=1, description="Share of pictures in which every label should be seen.")
    night: float = Field(
        default=0.0, ge=0, le=1, description="Share of the pictures that are shown as by infra-red light at night, too."
    )
    seed: int = Field(default=1, description="Another number shuffles otherwise.")
    device: str = Field(default="cpu", description="`cpu`, or the number of a GPU.")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; all if not given.")

    @field_validator("out")
    @classmethod
    def _names_a_model(cls, out: Path) -> Path:
        if not re.match(NAME, out.absolute().name):
            raise ValueError(f"the model is called {out.absolute().name!r} like it; use letters, digits, `-` and `_`")
        return out

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.out.absolute().name

    def file(self, suffix: str) -> Path:
        """A file of the finished model, such as `street-own.onnx` in the folder."""
        return self.out / f"{self.name}{suffix}"

    def settings(self) -> dict[str, Any]:
        """What makes the model what it is, in the words of Ultralytics."""
        return {
            "imgsz": self.size,
            "epochs": self.epochs,
            "batch": self.batch,
            "optimizer": "AdamW",
            "lr0": self.learning_rate,
            "lrf": self.last_share,
            "cos_lr": True,
            "warmup_epochs": 0.3,
            "warmup_bias_lr": 0.0,
            "warmup_momentum": 0.9,
            "mosaic": 1.0,
            "close_mosaic": min(self.plain_epochs, self.epochs // 2),
            "scale": self.zoom,
            "seed": self.seed,
        }
