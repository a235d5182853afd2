"""Lamps: the state of a traffic signal, read from the picture."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1, description="0..1 of the picture.")]


class Lamp(BaseModel):
    """A signal head that the camera sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["lamp"] = "lamp"
    box: tuple[Share, Share, Share, Share] = Field(
        description="The head with its three lamps and nothing else: x1, y1, x2, y2 as 0..1 of the picture."
    )

    @model_validator(mode="after")
    def _has_area(self) -> Self:
        x1, y1, x2, y2 = self.box
        if x1 >= x2 or y1 >= y2:
            raise ValueError(f"the box {list(self.box)} must be x1, y1, x2, y2 with x1 < x2 and y1 < y2")
        return self
