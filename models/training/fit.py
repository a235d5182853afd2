"""Ultralytics at work: from first weights and a data set in our labels to the best checkpoint."""

import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.export import NO_ULTRALYTICS
from models.session import usable_cores
from models.training.recipe import Recipe

# The extra `train`: only who trains pays for it.
# ruff: noqa: PLC0415


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was trained.

    Attributes:
        architecture: Such as `YOLO11n`.
        parameters: How many.
        epochs: How many epochs were run; the best of them was kept.
        software: What trained it, with versions.
    """

    architecture: str
    parameters: int
    epochs: int
    software: str


def check_first_weights(recipe: Recipe) -> None:
    """Checks that Ultralytics is there, and that the training has something to start from.

    Raises:
        ModelError: It is not.
    """
    # Ultralytics shall neither install packages nor tell its makers that somebody trains.
    os.environ.update(YOLO_OFFLINE="True", YOLO_AUTOINSTALL="False")
    try:
        import torch  # noqa: F401 - before Ultralytics, which would leave it one thread
        import ultralytics  # noqa: F401
    except ImportError:
        raise ModelError(f"training needs {NO_ULTRALYTICS}") from None
    _checkpoint(recipe.weights, "name another with --from")


def fit(recipe: Recipe, data: Path) -> Fitted:
    """Trains, or goes on with a training that was interrupted, and leaves the best checkpoint in the recipe's .pt file.

    To be called after `check_first_weights`.

    Args:
        recipe: The settings.
        data: Data set in our labels, as `models.training.dataset.write` leaves it.

    Raises:
        ModelError: A checkpoint can't be read, or is one for another task.
    """
    import torch
    import ultralytics

    torch.set_num_threads(recipe.threads or usable_cores())
    run = recipe.out.absolute() / "run"
    last, best = run / "weights" / "last.pt", run / "weights" / "best.pt"
    # Ultralytics sets the epoch of a training that came to its end to -1.
    reached = _checkpoint(last, f"remove {run} to begin anew").get("epoch", -1) if last.exists() else None
    if reached is None:
        shutil.rmtree(run, ignore_errors=True)
        model, how = _network(recipe.weights), recipe.settings() | {"data": str(data), "project": str(run.parent)}
    else:
        model, how = ultralytics.YOLO(str(last)), {"resume": True}
    if reached != -1:
        model.add_callback("on_train_epoch_end", lambda trainer: _stop(trainer, recipe.stop_after))
        model.train(
            **how,
            name="run",
            exist_ok=True,
            device=recipe.device,
            amp=recipe.device != "cpu",
            workers=1,
            cache="ram",
            plots=False,
        )
    epochs = _keep(best, recipe.file(".pt"))
    kept = ultralytics.YOLO(str(recipe.file(".pt"))).model
    return Fitted(
        architecture=Path(kept.yaml.get("yaml_file", "unknown")).stem.replace("yolo", "YOLO"),
        parameters=sum(one.numel() for one in kept.parameters()),
        epochs=epochs,
        software=f"Ultralytics {ultralytics.__version__}, torch {torch.__version__}",
    )


def _network(weights: Path) -> Any:
    """The network of a checkpoint for detection; of one for segmentation all but the masks is taken over."""
    from ultralytics import YOLO

    model = YOLO(str(weights))
    if model.task == "segment":
        model = YOLO(Path(model.model.yaml["yaml_file"]).name.replace("-seg", ""), task="detect").load(str(weights))
    if model.task != "detect":
        raise ModelError(f"{weights}: is a model for the task {model.task!r}; expected one for detect or segment")
    return model


def _stop(trainer: Any, after: int | None) -> None:
    trainer.stop |= after is not None and trainer.epoch + 1 >= after


def _checkpoint(path: Path, remedy: str) -> dict[str, Any]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=False)
        if isinstance(content, dict) and "model" in content:
            return content
        cause = "it holds no model"
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such checkpoint; {remedy}") from None
    except (OSError, RuntimeError, EOFError, AttributeError, ImportError, pickle.UnpicklingError) as error:
        cause = str(error).split("\n", 1)[0]
    raise ModelError(f"{path}: is no checkpoint of Ultralytics that can be read ({cause}); {remedy}")


def _keep(best: Path, target: Path) -> int:
    """Leaves the best checkpoint as it is handed on; returns how many epochs were run.

    Without the state of the optimizer, and without the paths and names of the machine that trained it, which an
    export would carry on.
    """
    import torch
    from ultralytics.utils.torch_utils import strip_optimizer

    strip_optimizer(best)
    content = _checkpoint(best, f"remove {best.parents[1]} to begin anew")
    network = content["model"]
    for settings in (content["train_args"], network.args, vars(network), network.yaml):
        paths = {key: value for key, value in settings.items() if isinstance(value, str | Path)}
        settings.update({key: Path(value).name for key, value in paths.items()})
    content.pop("git", None)
    whole = target.with_name(f".{target.name}")
    torch.save(content, whole)
    whole.replace(target)
    return int(max(content["train_results"]["epoch"]))
