"""Properties of sections, and the numbers that they may take."""

from __future__ import annotations

from typing import Literal, NamedTuple

from spacelang.report.suggest import spelled

Kind = Literal["integer", "number", "word", "widths rule", "group", "values", "other"]


class Domain(NamedTuple):
    """Which numbers are legal; the ends are included unless they are `open`."""

    low: int | float | None = None
    high: int | float | None = None
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: int | float) -> bool:
        if self.low is not None and (value < self.low or (self.open_low and value == self.low)):
            return False
        return not (self.high is not None and (value > self.high or (self.open_high and value == self.high)))

    def __str__(self) -> str:
        ends = []
        if self.low is not None:
            ends.append(f"{'more than' if self.open_low else 'at least'} {spelled(self.low)}")
        if self.high is not None:
            ends.append(f"{'less than' if self.open_high else 'at most'} {spelled(self.high)}")
        return " and ".join(ends) or "any number"


POSITIVE = Domain(1)
NOT_NEGATIVE = Domain(0)
ABOVE_ZERO = Domain(0, open_low=True)
FRACTION = Domain(0, 1, open_high=True)
RATE = Domain(0, 100, open_low=True)
DECAY = Domain(0, 1)
CLIP = Domain(0, 1000, open_low=True)
SEED = Domain(0, 2**32 - 1)


class Property(NamedTuple):
    """One property of a section.

    Attributes:
        name: as written.
        kind: what follows the name.
        doc: one line for the documentation.
        required: whether a section without it is an error.
        words: the legal words of a `word` property.
        domain: the legal numbers.
        unit: the word that must follow the value.
        field: the field of the IR's class; `name` where it is empty.
        group: the properties of the group that follows the value.
        default: the value of a property that isn't written.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    words: tuple[str, ...] = ()
    domain: Domain = Domain()
    unit: str = ""
    field: str = ""
    group: tuple[Property, ...] = ()
    default: object = None

    @property
    def key(self) -> str:
        return self.field or self.name

    @property
    def form(self) -> str:
        """How it is written, for help texts: `threads N`."""
        value = {
            "integer": "N",
            "number": "X",
            "word": "|".join(self.words),
            "widths rule": "multiple of N",
            "group": "",
            "values": "VALUES",
            "other": "…",
        }[self.kind]
        group = "{ … }" if self.group else ""
        return " ".join(each for each in (self.name, value, self.unit, group) if each)
