"""The blocks that a space uses: their search ids, and whether their arguments fit the parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spacelang import ast
from spacelang.ast.choices import NUMBER_STEP
from spacelang.ast.loader import library_module_of
from spacelang.check.context import Context
from spacelang.check.parameters import uses
from spacelang.check.values import Rule, numbers
from spacelang.ir.parameters import ParameterType
from spacelang.language import limits
from spacelang.language.schema import ACTIVATIONS, Domain
from spacelang.report.diagnostics import Label
from spacelang.report.mend import Place, put, write
from spacelang.report.source import Span
from spacelang.report.suggest import closest, did_you_mean, legal, listed, spelled

BLOCKS = "std/blocks.space"
KERNELS = Domain(1, 99)
NUMBERS = Domain(0, limits.CHANNELS)


def check_uses(uses: tuple[ast.BlockUse, ...], context: Context, owner: Span) -> tuple[ast.BlockUse, ...]:
    """Reports what is wrong with a list of blocks, and returns the blocks that are right."""
    if len(uses) > limits.SEARCH_IDS:
        message = f"{len(uses)} blocks are more than an encoding can write"
        mend = f"at most {limits.SEARCH_IDS} blocks can be told apart"
        context.report.error(
            "SP0412", message, uses[limits.SEARCH_IDS].span, labels=[Label(owner, "in this list")], help=mend
        )
    _check_ids(uses, context)
    return tuple(use for use in uses if check_arguments(use, context, None, ()))


def _check_ids(uses: Iterable[ast.BlockUse], context: Context) -> None:
    first: dict[int | float, ast.BlockUse] = {}
    for use in uses:
        value, last = use.id.value, limits.SEARCH_IDS - 1
        if value != int(value) or value > last:
            message = f"a search id can't be {spelled(value)}"
            context.report.error("SP0406", message, use.id.span, help=f"legal here: whole numbers from 0 to {last}")
        elif value in first:
            labels = [Label(first[value].id.span, f"first used for `{first[value].block.text}`")]
            free = next((each for each in range(last + 1) if each not in {other.id.value for other in uses}), None)
            mend = "" if free is None else write(f"the next free id is {free}", str(free))
            message = f"search id {spelled(value)} is used twice"
            context.report.error("SP0405", message, use.id.span, labels=labels, help=mend)
        first.setdefault(value, use)


def check_arguments(use: ast.BlockUse, context: Context, layers: int | None, properties: Iterable[str]) -> bool:
    """Whether a block is known and its arguments are right; if not, reports it.

    Args:
        layers: how many values a list for the layers must have, in a model's stage.
        properties: other names that are allowed here, for suggestions.
    """
    block = context.blocks.get(use.block.text)
    if block is None:
        if context.program.complete and "SP0112" not in context.report.errors_within(use.block.span):
            _unknown(use.block, context)
        return False
    return _Arguments(use, block, context, layers, tuple(properties)).check()


def _unknown(name: ast.Name, context: Context) -> None:
    """Reports an unknown block. If it is the library's, its import is missing, once for all blocks."""
    path = library_module_of(name.text)
    if path is None and context.blocks:
        mend: str = did_you_mean(name.text, context.blocks)
    else:
        mend = _import(path or BLOCKS, context.program.main)
        if any(each.code == "SP0201" and each.help == mend for each in context.report.diagnostics):
            return
    context.report.error("SP0201", f"unknown block `{name.text}`", name.span, help=mend)


def _import(path: str, module: ast.Module) -> str:
    """The help that asks for an import; its edit goes below the imports that are there, or the first line."""
    line = f'import "{path}"'
    if module.imports:
        return put(f"write `{line}`", line, Place.BELOW, module.imports[-1].span)
    first = re.search(r"^language\b.*", module.source.text, re.MULTILINE)
    return put(f"write `{line}`", line, Place.BELOW, module.source.span(*first.span())) if first else f"write `{line}`"


UNREAD = ("SP00", "SP0105", "SP0120")
"""Codes of findings in whose places an argument may stand that couldn't be read, and so isn't missing."""


class _Arguments:
    def __init__(
        self, use: ast.BlockUse, block: ast.Block, context: Context, layers: int | None, properties: tuple[str, ...]
    ) -> None:
        self.use = use
        self.block = block
        self.context = context
        self.report = context.report
        self.layers = layers
        self.properties = properties
        self.types = context.types(use.block.text)
        self.used = {name for name, *_ in uses(block)}

    def check(self) -> bool:
        given = {each.name.text for each in self.use.arguments}
        right = [self._argument(each) for each in self.use.arguments]
        meant = {self._meant(each) for each in self.use.arguments} - {None}
        absent = [each for each in self.types if each not in given and each not in meant]
        if absent and not any(each.startswith(UNREAD) for each in self.report.errors_within(self.use.span)):
            what = listed([f"`{each}`" for each in absent], "and")
            labels = [Label(self.block.name.span, "declared here")]
            mend = f"add {listed([_form(each, self.types[each]) for each in absent], 'and')}"
            message = f"block `{self.block.name.text}` lacks {what}"
            self.report.error("SP0401", message, self.use.block.span, labels=labels, help=mend)
        return all(right) and not absent and not meant

    def _meant(self, argument: ast.Argument) -> str | None:
        """The parameter that an unknown argument was probably meant for; it then doesn't count as missing."""
        return None if argument.name.text in self.types else closest(argument.name.text, self.types)

    def _argument(self, argument: ast.Argument) -> bool:
        name, value = argument.name, argument.value
        type = self.types.get(name.text)
        if type is None and {"SP0108", "SP0109", "SP0403"} & self.report.errors_within(name.span):
            return False  # it may not be meant as a parameter: `act relu, hswish`
        if type is None:
            mend = did_you_mean(name.text, [*self.types, *self.properties])
            labels = [Label(self.block.name.span, "declared here")]
            message = f"block `{self.block.name.text}` has no parameter `{name.text}`"
            self.report.error("SP0402", message, name.span, labels=labels, help=mend)
            return False
        if name.text not in self.used:  # an error in the block: what the parameter takes is unknown
            return False
        if isinstance(value, ast.Name):
            return self._activation(value, name, type)
        if not value.numbers:
            return False
        if type == "activation":
            message = f"`{name.text}` takes the name of an activation, not numbers"
            self.report.error("SP0403", message, value.span, help=legal(ACTIVATIONS))
            return False
        return self._numbers(argument, value, type)

    def _activation(self, value: ast.Name, name: ast.Name, type: ParameterType) -> bool:
        if type != "activation":
            message = f"`{name.text}` takes numbers, not `{value.text}`"
            self.report.error("SP0403", message, value.span, help=f"write `{_form(name.text, type)}`")
            return False
        if value.text not in ACTIVATIONS:
            mend = did_you_mean(value.text, ACTIVATIONS)
            self.report.error("SP0205", f"unknown activation `{value.text}`", value.span, help=mend)
            return False
        return True

    def _numbers(self, argument: ast.Argument, value: ast.Values, type: ParameterType) -> bool:
        rule = Rule(
            argument.name.text, KERNELS if type == "kernel" else NUMBERS, whole=type == "kernel", odd=type == "kernel",
            step=NUMBER_STEP, single=self.context.is_model, lists=self.context.is_model, layers=self.layers,
        )  # fmt: skip
        found = numbers(value, rule, self.report)
        if found is None:
            return False
        self.context.numbers[argument] = found
        return True


def _form(name: str, type: ParameterType) -> str:
    """How an argument is written, as an example."""
    return {"activation": f"{name} relu", "kernel": f"{name} 3", "number": f"{name} 1"}[type]
