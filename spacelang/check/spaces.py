"""A hyperspace, space or model as a whole: its device, its parts in order, what flows from one to the next."""

from __future__ import annotations

from collections.abc import Iterable

from spacelang import ast
from spacelang.check.arguments import check_uses
from spacelang.check.context import Context
from spacelang.check.heads import check_head
from spacelang.check.settings import check_settings
from spacelang.check.stages import Flow, check_stage
from spacelang.check.values import Rule, WidthRule, numbers
from spacelang.language import limits
from spacelang.language.schema import SPACE, named
from spacelang.report.diagnostics import Label
from spacelang.report.suggest import did_you_mean

IN_HEADS = ("SP0109", "SP0114", "SP0115", "SP0116", "SP0117", "SP0120")
"""Codes of errors for head lines that couldn't be read."""


def check_space(context: Context) -> None:
    """Reports everything that is wrong with one space."""
    space = context.space
    context.widths = _device(context)
    unread = context.report.errors_within(space.span)
    context.blocks_written = bool(space.blocks) or bool(unread)
    context.head_whole = not any(each in IN_HEADS or each.startswith("SP00") for each in unread)
    context.candidates = check_uses(space.blocks, context, space.name.span)
    resolutions = _resolutions(context)
    _stage_names(space.stages, context)
    channels = () if space.channels is None else (int(space.channels.value),)
    flow = Flow(channels, _smallest(resolutions, context))
    for stage in (*space.stem, *space.stages):
        flow = check_stage(stage, context, flow)
    check_head(context, flow.widths)
    check_settings(context)


def _device(context: Context) -> WidthRule | None:
    """The width rule of the space's device."""
    name, devices = context.space.device, context.program.devices
    device = devices.get(name.text)
    if device is None:
        if context.program.complete and "SP0112" not in context.report.errors_within(name.span):
            mend = did_you_mean(name.text, devices) or "declare it: `device NAME { … }`"
            context.report.error("SP0202", f"unknown device `{name.text}`", name.span, help=mend)
        return None
    written = {entry.name.text: entry for entry in device.entries if entry.values}
    value = written["widths"].values[-1] if "widths" in written else None
    hidden = written["hidden"].values[-1] if "hidden" in written else None
    if not isinstance(value, ast.Number):
        return None
    inside = not (isinstance(hidden, ast.Name) and hidden.text == "any")
    return WidthRule(int(value.value), written["widths"].span, inside)


def _resolutions(context: Context) -> tuple[int, ...]:
    found, values = named(SPACE, "resolution"), context.space.resolution
    assert found is not None
    if values is None:
        return ()
    rule = Rule("resolution", found.domain, single=context.is_model)
    return tuple(int(each) for each in numbers(values, rule, context.report) or ())


def _smallest(resolutions: tuple[int, ...], context: Context) -> int | None:
    """The smallest resolution, checked against the strides; None if sizes aren't known."""
    if not resolutions:
        return None
    total = 1
    for stage in (*context.space.stem, *context.space.stages):
        total *= 1 if stage.stride is None else int(stage.stride.value)
    if resolutions[0] >= total:
        return resolutions[0]
    values = context.space.resolution
    assert values is not None
    message = f"resolution {resolutions[0]} is smaller than the product of the strides, {total}"
    strides = [each.stride for each in (*context.space.stem, *context.space.stages) if each.stride is not None]
    labels = [Label(strides[-1].span, f"after this stride, {total} pixels have become one")]
    span = values.numbers[0].span
    context.report.error("SP0504", message, span, labels=labels, help=f"start from {total}, or use fewer strides")
    return None


def _stage_names(stages: Iterable[ast.Stage], context: Context) -> None:
    first: dict[str, ast.Stage] = {}
    for at, stage in enumerate(stages):
        if at == limits.STAGES:
            message = f"a space can't have more than {limits.STAGES} stages"
            context.report.error("SP0310", message, stage.span, help="write fewer, deeper stages")
        if stage.name is None:
            continue
        before = first.setdefault(stage.name.text, stage)
        if before is not stage and before.name is not None:
            labels = [Label(before.name.span, "first declared here")]
            message = f"two stages are called `{stage.name.text}`"
            context.report.error("SP0218", message, stage.name.span, labels=labels, help="choose another name")
