"""Trains `street-n`: Ultralytics with the settings that were found to work on small data sets and few cores."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from models.detections import Label
from models.errors import ModelError
from models.export import NO_ULTRALYTICS
from models.training.dataset import Survey, part_folder, repeats, survey


class Recipe(BaseModel):
    """How a model is trained.

    Two settings of Ultralytics' defaults spoil a fine-tuning of a few epochs, and are other here: its warm-up begins
    with a learning rate of 0.1 for the biases, and its learning rate is that of a training from scratch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Path = Field(description="Checkpoint to start from, .pt.")
    data: Path = Field(description="Data set in YOLO format, with our six labels.")
    out: Path = Field(description="Folder for checkpoints; the best one is best.pt.")
    size: int = Field(default=640, ge=320, multiple_of=32, description="Side of the training pictures, px.")
    epochs: int = Field(default=10, ge=1, description="How often all pictures are shown.")
    plain_epochs: int = Field(default=3, ge=0, description="The last epochs show whole pictures instead of mosaics.")
    batch: int = Field(default=16, ge=1, description="Pictures a step.")
    learning_rate: float = Field(default=4e-4, gt=0, description="AdamW's at the start; a cosine leads it down.")
    last_share: float = Field(default=0.05, gt=0, le=1, description="Share of it that is left at the end.")
    zoom: float = Field(default=0.5, ge=0, lt=1, description="Pictures are scaled by 1 ± this.")
    rare: float = Field(default=0.0, ge=0, le=1, description="Share of pictures in which every label should be seen.")
    seed: int = Field(default=1, description="Another number shuffles otherwise.")
    device: str = Field(default="cpu", description="`cpu`, or the number of a GPU.")
    threads: int | None = Field(default=None, ge=1, description="CPU threads; all if not given.")


def train(recipe: Recipe) -> Path:
    """Trains and returns the best checkpoint.

    Raises:
        ModelError: Ultralytics is missing, or the data set has faults.
    """
    found = survey(recipe.data, "train")
    if found.faults:
        first = "\n".join(found.faults[:20])
        raise ModelError(f"{recipe.data}: {len(found.faults)} faults in the training part:\n{first}")
    try:
        import torch  # noqa: PLC0415 - an extra: only who trains pays for it
        from ultralytics import YOLO  # noqa: PLC0415
    except ImportError:
        raise ModelError(f"training needs {NO_ULTRALYTICS}") from None
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    recipe.out.mkdir(parents=True, exist_ok=True)
    YOLO(recipe.weights).train(
        data=str(_with_repeats(recipe, found)),
        imgsz=recipe.size,
        epochs=recipe.epochs,
        close_mosaic=recipe.plain_epochs,
        batch=recipe.batch,
        optimizer="AdamW",
        lr0=recipe.learning_rate,
        lrf=recipe.last_share,
        cos_lr=True,
        warmup_epochs=0.3,
        warmup_bias_lr=0.0,
        warmup_momentum=0.9,
        scale=recipe.zoom,
        device=recipe.device,
        workers=1,
        cache="ram",
        save_period=1,
        amp=recipe.device != "cpu",
        seed=recipe.seed,
        plots=False,
        project=str(recipe.out.absolute()),
        name="run",
        exist_ok=True,
    )
    return recipe.out / "run" / "weights" / "best.pt"


def _with_repeats(recipe: Recipe, found: Survey) -> Path:
    """The data set's file, with the list of training pictures in which rare ones stand more than once."""
    often = repeats(found.pictures, recipe.rare)
    listed = [
        str(one.picture.absolute()) for one, times in zip(found.pictures, often, strict=True) for _ in range(times)
    ]
    pictures = recipe.out / "train.txt"
    pictures.write_text("\n".join(listed) + "\n", encoding="utf-8")
    data = recipe.out / "data.yaml"
    with data.open("w", encoding="utf-8") as file:
        YAML().dump(
            {
                "path": str(recipe.data.parent.absolute()),
                "train": str(pictures.absolute()),
                "val": str(part_folder(recipe.data, "val").absolute()),
                "names": {int(label): label.word for label in Label},
            },
            file,
        )
    return data
