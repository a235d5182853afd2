"""What every rule is: a frozen config whose one verb, `watch(scene)`, makes the live thing."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Protocol

from models.detections import Label
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from vision.events import Event, Incident, Passage, Severity, Violation, event_id
from vision.geometry import Point
from vision.scene import Placed, Scene, View
from vision.schedule import Schedule


def _label(word: object) -> Label:
    return word if isinstance(word, Label) else Label.of(str(word))


LabelName = Annotated[
    Label,
    BeforeValidator(_label),
    PlainSerializer(lambda label: label.word, return_type=str),
    WithJsonSchema({"enum": [label.word for label in Label], "type": "string"}),
]

VEHICLES = tuple(label for label in Label if label is not Label.PERSON)
"""All who drive or ride."""


def only(*labels: Label) -> Any:
    """The field `labels` of a rule that looks at some road users only, if nothing else is said."""
    return Field(
        default=labels,
        min_length=1,
        description="Only road users with these labels; null for all.",
        json_schema_extra={"default": [label.word for label in labels]},  # the words of the site file, not numbers
    )


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

    needs_static: ClassVar[bool] = False
    """Whether it looks at things that stay or have gone: they are looked for only where a rule asks."""

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
            return replace(view, placed=(), static=(), removed=())
        return view if self.labels is None else view.only(self.labels)

    def passage(self, view: View, row: Placed, time_s: float, place: Point, *cause: object, **more: object) -> Passage:
        """The event of a passage (see `violation`)."""
        return Passage(**self._common(view, row, time_s, place, *cause), **more)

    def violation(
        self, view: View, row: Placed, time_s: float, place: Point, *cause: object, **more: object
    ) -> Violation:
        """The event of a violation.

        Args:
            view: The instant in which the rule is sure.
            row: Who it was.
            time_s: When the act was. Stream clock.
            place: Where, 0..1 of the picture.
            cause: What tells this act from others of the same track under this rule.
            more: Fields of the violation.
        """
        return Violation(**self._common(view, row, time_s, place, *cause), fired_s=view.time_s, **more)

    def incident(
        self, view: View, row: Placed | None, began_s: float, severity: Severity, tracks: Iterable[int], *cause: object
    ) -> Incident:
        """The event of an incident that begins.

        Args:
            view: The instant in which the rule is sure.
            row: Whose incident it is, as it looks now; none where it is nobody's.
            began_s: Onset of the state. Stream clock.
            severity: How urgent it is.
            tracks: Who takes part.
            cause: What tells this incident from others that begin at the same time under this rule.
        """
        return Incident(
            id=event_id(view.moment(began_s), view.camera, self.id, self.kind, *cause),
            kind=self.kind,
            rule=self.id,
            camera=view.camera,
            time_s=view.time_s,
            at=view.moment(view.time_s),
            label=row.label.word if row else None,
            track=row.id if row else None,
            place=row.place if row else None,
            score=row.score if row else 1.0,
            status="began",
            began_s=began_s,
            severity=severity,
            tracks=tuple(tracks),
        )

    def _common(self, view: View, row: Placed, time_s: float, place: Point, *cause: object) -> dict[str, Any]:
        at = view.moment(time_s)
        return {
            "id": event_id(at, view.camera, self.id, self.kind, row.id, *cause),
            "kind": self.kind,
            "rule": self.id,
            "camera": view.camera,
            "time_s": time_s,
            "at": at,
            "label": row.label.word,
            "track": row.id,
            "place": place,
            "score": row.score,
        }
