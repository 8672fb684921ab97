"""How operators are written.

The forms for blocks are made from the operators' entries; those for heads are listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from spacelang.ir.operators import OPERATORS, Operator, Part


class OperatorForm(NamedTuple):
    """`kind ARGUMENT -> OUT, modifiers`; an empty text if an operator doesn't have such a part."""

    kind: str
    argument: str
    out: str
    modifiers: Mapping[str, Part]
    doc: str

    @property
    def form(self) -> str:
        return " ".join(each for each in (self.kind, self.argument, self.out and f"-> {self.out}") if each)


def operator_forms() -> Mapping[str, OperatorForm]:
    """The operators of a block's body, by kind."""
    return {kind: _form(each) for kind, each in OPERATORS.items()}


def _form(entry: Operator) -> OperatorForm:
    argument, out = (each.form if each else "" for each in (entry.argument, entry.out))
    return OperatorForm(entry.kind, argument, out, entry.modifiers, entry.doc)


def modifiers() -> Mapping[str, Part]:
    """The modifiers of all operators, by name."""
    return {name: part for each in OPERATORS.values() for name, part in each.modifiers.items()}


_CONVOLUTION = OPERATORS["conv"].modifiers
HEAD_OPERATORS: Mapping[str, OperatorForm] = MappingProxyType(
    {
        each.kind: each
        for each in (
            OperatorForm(
                "conv", "KERNEL", "OUT", {name: _CONVOLUTION[name] for name in ("act", "norm", "bias")},
                "a convolution; OUT may be a set",
            ),
            OperatorForm("pool", "", "", {}, "the mean over the whole map"),
            OperatorForm("dropout", "RATE", "", {}, "dropout, in training"),
            OperatorForm("act", "NAME", "", {}, "an activation"),
            OperatorForm("linear", "", "OUT", {}, "a linear layer with bias; the last one gives the classes"),
        )
    }
)  # fmt: skip
