"""What was seen on a file's pages. Plain Python: rules read it, the child that looks at pages writes it."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Box:
    """A place on an upright page, in shares of its width and height from the top left corner: 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Word:
    """A word as it stands there. `line` counts lines of its page from 0; `sure` is 0 to 1, and 1 in a text layer."""

    text: str
    page: int
    line: int
    box: Box
    sure: float = 1.0

    @classmethod
    def from_json(cls, data: list[Any]) -> "Word":
        text, page, line, box, sure = data
        return cls(text, page, line, Box(*box), sure)

    def to_json(self) -> list[Any]:
        box = [round(side, 4) for side in (self.box.left, self.box.top, self.box.right, self.box.bottom)]
        return [self.text, self.page, self.line, box, round(self.sure, 2)]


@dataclass(frozen=True)
class Look:
    """How a page looks as a picture. The measures do not depend on its resolution.

    `brightness` is the paper's, 0 black to 1 white; `contrast` the distance of ink and paper, 0 to 1; `sharpness` the
    steepness of edges, about 0.02 for a blurred photo and 0.2 for a scan; `ink` the share that is not paper, 0 to 1.
    """

    brightness: float
    contrast: float
    sharpness: float
    ink: float


@dataclass(frozen=True)
class Page:
    """One page: its picture's size in pixels, how it looks, and by how many degrees clockwise it was turned upright.

    `has_text` says that the file itself carries the words (a PDF's text layer), so that nobody has to guess them.
    """

    number: int
    width: int
    height: int
    look: Look
    turned: int = 0
    has_text: bool = False

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Page":
        return cls(**{**data, "look": Look(**data["look"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
