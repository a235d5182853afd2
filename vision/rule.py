"""What every rule is: a frozen config whose one verb, `watch(scene)`, makes the live thing."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Protocol

from models.detections import Label
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from vision.events import Event
from vision.scene import Scene, View
from vision.schedule import Schedule


def _label(word: object) -> Label:
    return word if isinstance(word, Label) else Label.of(str(word))


LabelName = Annotated[
    Label,
    BeforeValidator(_label),
    PlainSerializer(lambda label: label.word, return_type=str),
    WithJsonSchema({"enum": [label.word for label in Label], "type": "string"}),
]


class Watch(Protocol):
    """A rule at work on one camera."""

    def step(self, view: View) -> Iterable[Event]:
        """Looks at the next instant; returns the events that became certain."""
        ...

    def finish(self) -> Iterable[Event]:
        """Ends what is open, since nothing more will be seen for a long time or for ever."""
        ...


class Rule(BaseModel, ABC):
    """What is looked for. The first line of a rule's docstring is what people read in the docs and on the page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    id: str = Field(min_length=1, description="Name of the rule, unique for its camera.")
    labels: tuple[LabelName, ...] | None = Field(
        default=None, min_length=1, description="Only road users with these labels; all of them if not given."
    )
    schedule: Schedule | None = Field(default=None, description="When the rule is armed; always if not given.")

    @abstractmethod
    def watch(self, scene: Scene) -> Watch:
        """Starts watching a scene.

        Raises:
            SiteError: The scene lacks what the rule needs.
        """

    def share(self, view: View, scene: Scene) -> View:
        """What this rule may see of a view: its labels, and nobody outside its armed hours."""
        if self.schedule and not self.schedule.armed(view.captured_at, scene.timezone):
            return replace(view, placed=())
        if self.labels is None:
            return view
        return replace(view, placed=tuple(row for row in view.placed if row.label in self.labels))
