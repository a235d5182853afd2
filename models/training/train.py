"""Trains a model, from a data set in YOLO format to a file that runs, with its card."""

from collections.abc import Callable
from pathlib import Path

from models.dataset import Dataset
from models.detectors.yolo import Yolo
from models.errors import ModelError
from models.evaluation import Evaluation, score
from models.export import export
from models.training.card import card
from models.training.dataset import listed, survey, write
from models.training.fit import check_first_weights, fit
from models.training.recipe import Recipe

_MARK = "recipe.json"


def train(
    recipe: Recipe,
    licence: str = "AGPL-3.0",
    data_licence: str = "Licence of the pictures: not stated",
    tell: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Trains a model and leaves NAME.onnx, NAME.pt and NAME.md in the recipe's folder, which is NAME.

    A training that was interrupted goes on when it is called again with the same recipe.

    Args:
        recipe: How.
        licence: Licence of the weights; Ultralytics' architectures and what is made from `street-n` are AGPL-3.0.
        data_licence: Where the pictures come from, and their licence.
        tell: Takes what people should know meanwhile.

    Returns:
        How good the model is.

    Raises:
        ModelError: The data set is faulty, Ultralytics is missing, or the folder holds another training.
    """
    _check_folder(recipe)
    data = Dataset(recipe.data)
    learnt = survey(data, "train", recipe.riders)
    measured = survey(data, "val", recipe.riders, besides=learnt.digests)
    for part, found in (("train", learnt), ("val", measured)):
        if found.faults:
            tell(f"{part}: {len(found.faults)} of {found.checked} left out:\n{listed(found.faults)}")
    check_first_weights(recipe)
    _claim(recipe)
    (recipe.out / "faults.txt").write_text("".join(f"{fault}\n" for fault in learnt.faults + measured.faults))
    ours = write(recipe.out / "data", learnt, measured, recipe.rare, recipe.night, recipe.seed)
    fitted = fit(recipe, ours)
    export(str(recipe.file(".pt")), recipe.file(".onnx"))
    figures = _measure(recipe.file(".onnx"), ours, recipe.size)
    text = card(recipe, learnt, measured, fitted, figures, licence, data_licence)
    recipe.file(".md").write_text(text, encoding="utf-8")
    return figures


def _check_folder(recipe: Recipe) -> None:
    """Checks that the recipe's folder is new, or holds this very training.

    Raises:
        ModelError: It is another training's, or something else's.
    """
    mark, remedy = recipe.out / _MARK, "name another folder with --out"
    if recipe.file(".md").exists():
        raise ModelError(f"{recipe.out}: holds a finished training; {remedy}")
    if mark.exists() and mark.read_text(encoding="utf-8") != _stated(recipe):
        raise ModelError(f"{recipe.out}: holds a training with other settings ({mark}); {remedy}")
    if not mark.exists() and recipe.out.exists() and (not recipe.out.is_dir() or any(recipe.out.iterdir())):
        raise ModelError(f"{recipe.out}: is there already, and no training; {remedy}")


def _claim(recipe: Recipe) -> None:
    recipe.out.mkdir(parents=True, exist_ok=True)
    (recipe.out / _MARK).write_text(_stated(recipe), encoding="utf-8")


def _stated(recipe: Recipe) -> str:
    # Where the work is done makes no other model.
    return recipe.model_dump_json(indent=2, exclude={"device", "threads"}) + "\n"


def _measure(model: Path, data: Path, size: int) -> Evaluation:
    detector = Yolo(model=str(model), provider="cpu", input_size=size).load()
    return score((detector.measure(one.image), one.truth) for one in Dataset(data).read("val"))
