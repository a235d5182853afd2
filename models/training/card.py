"""The card of a model that was trained: what it is, from what it was made, how good it is."""

from pathlib import Path

from models.detections import Label
from models.evaluation import Evaluation
from models.session import fingerprint
from models.training.dataset import Survey
from models.training.fit import Fitted
from models.training.recipe import Recipe


def card(
    recipe: Recipe, train: Survey, val: Survey, fitted: Fitted, found: Evaluation, licence: str, data_licence: str
) -> str:
    """The card, Markdown.

    Args:
        recipe: How it was trained; its .onnx and .pt files are there.
        train: What it learnt from.
        val: What it was measured on.
        fitted: What training made.
        found: How good it is.
        licence: Licence of the weights.
        data_licence: Where the pictures come from, and their licence.
    """
    settings = ", ".join(f"{key} {value}" for key, value in recipe.settings().items())
    rows = [
        ["", *(label.word for label in Label)],
        ["---"] * (1 + len(Label)),
        ["boxes learnt from", *(str(train.counts[label]) for label in Label)],
        ["boxes measured on", *(str(val.counts[label]) for label in Label)],
        ["AP50", *(_figure(found, label, "ap50") for label in Label)],
        ["AP50-95", *(_figure(found, label, "ap50_95") for label in Label)],
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""# {recipe.name}: a detector of road users

- **Architecture**: {fitted.architecture}, {len(Label)} labels: {", ".join(label.word for label in Label)}; a rider \
belongs to the two-wheeler. {fitted.parameters / 1e6:.1f} M parameters.
- **Files**: {_file(recipe.file(".onnx"))} is what runs; {_file(recipe.file(".pt"))} is where a further training starts.
- **Trained** by the recipe in `models/training` ({fitted.software}) from {_file(recipe.weights)}: \
{fitted.epochs} of {recipe.epochs} planned epochs, of which the best was kept. Settings: {settings}, \
rare {recipe.rare:g}, night {recipe.night:g}.
- **Data**: {recipe.data.name}: {_part(train)} to learn from, {_part(val)} to measure on. {data_licence}.
- **Licence**: {licence}.
- **Measured** on the {found.pictures} validation pictures at {recipe.size} px, as `ngatu models evaluate` counts it: \
**mAP50 {found.map50:.3f}**, mAP50-95 {found.map50_95:.3f}. The epoch was chosen on these pictures too.

{table}
"""


def _file(path: Path) -> str:
    return f"`{path.name}` (sha256 `{fingerprint(path)}`)"


def _part(found: Survey) -> str:
    boxes = sum(found.counts.values())
    left_out = f" ({len(found.faults)} faulty ones left out)" if found.faults else ""
    riders = f", {found.joined} riders joined with their two-wheelers" if found.joined else ""
    return f"{len(found.pictures)} pictures with {boxes} boxes{left_out}{riders}"


def _figure(found: Evaluation, label: Label, figure: str) -> str:
    return f"{getattr(found.by_label[label], figure):.3f}" if label in found.by_label else "–"
