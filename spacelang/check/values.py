"""Numbers that a property may take: their form, domain, step, order, and the device's width rule."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor
from typing import NamedTuple

from spacelang import ast
from spacelang.ast.choices import count, expand
from spacelang.language import limits
from spacelang.language.arithmetic import Real
from spacelang.language.schema import Domain
from spacelang.report.diagnostics import Label, Report
from spacelang.report.mend import Place, put, write
from spacelang.report.source import Span
from spacelang.report.suggest import spelled


class WidthRule(NamedTuple):
    """Every width is a multiple of `multiple`; `span` is where the device says so.

    inside: whether the channels inside blocks should be multiples too.
    """

    multiple: int
    span: Span
    inside: bool = True


class Rule(NamedTuple):
    """What the numbers of one property must be.

    Attributes:
        subject: the property's name, for messages.
        domain: the legal values of each number.
        whole: whether each is an integer.
        odd: whether each is odd: a kernel size.
        step: the step of a range that doesn't write one; None if it must be written.
        widths: the device's rule, where the numbers are widths.
        single: whether it must be a single number, as in a model.
        lists: whether a list with a number for each layer is allowed too.
        layers: how many numbers such a list has; None if that isn't known.
    """

    subject: str
    domain: Domain
    whole: bool = True
    odd: bool = False
    step: Real | None = None
    widths: WidthRule | None = None
    single: bool = False
    lists: bool = False
    layers: int | None = None


def numbers(values: ast.Values, rule: Rule, report: Report) -> tuple[Real, ...] | None:
    """The numbers written out; None if something is wrong with them, which is reported."""
    wrong = [_form(values, rule, report), *(_each(number, values, rule, report) for number in values.numbers)]
    if not all(wrong):
        return None
    if values.form == "range":
        right = _range(values, rule, report)
    elif values.form == "set":
        right = _ascending(values.numbers, rule, report)
    else:
        right = True
    if not right:
        return None
    found = expand(values, rule.step or 1)
    return found if not rule.odd or _odd(values, found, rule, report) else None


def _form(values: ast.Values, rule: Rule, report: Report) -> bool:
    if values.form == "per_layer":
        return _list(values, rule, report)
    if rule.single and values.form != "one":
        message = f"`{rule.subject}` is a choice, but a model has a single value for it"
        mend = "write one number, or a list with one for each layer" if rule.lists else "write one number"
        report.error("SP0315", message, values.span, help=write(mend, *(each.span.text for each in values.numbers)))
        return False
    return _few(len(values.numbers), values, rule, report)


def _list(values: ast.Values, rule: Rule, report: Report) -> bool:
    if not rule.lists:
        message = f"`{rule.subject}` can't have a list of one value for each layer here"
        numbers = ", ".join(spelled(each.value) for each in values.numbers)
        mend = f"a set to choose from has braces, `{{{numbers}}}`; only a model's stages have one value for each layer"
        report.error("SP0313", message, values.span, help=mend)
        return False
    if rule.layers is not None and len(values.numbers) != rule.layers:
        message = f"`{rule.subject}` has {len(values.numbers)} values for {rule.layers} layers"
        report.error("SP0314", message, values.span, help=f"write {rule.layers} of them, or one number for all")
        return False
    return True


def _few(found: int, values: ast.Values, rule: Rule, report: Report) -> bool:
    if found <= limits.VALUES:
        return True
    message = f"`{rule.subject}` stands for {found} numbers, more than {limits.VALUES}"
    report.error("SP0310", message, values.span, help="write fewer, or a larger step")
    return False


def _each(number: ast.Number, values: ast.Values, rule: Rule, report: Report) -> bool:
    value = number.value
    if rule.whole and value != int(value):
        report.error("SP0306", f"`{rule.subject}` takes whole numbers, not {spelled(value)}", number.span)
        return False
    if not rule.domain.holds(value):
        mend = f"legal here: {rule.domain}"
        report.error("SP0307", f"`{rule.subject}` can't be {spelled(value)}", number.span, help=mend)
        return False
    return rule.widths is None or _multiple(number, rule.widths, report)


def _multiple(number: ast.Number, widths: WidthRule, report: Report) -> bool:
    value, multiple = int(number.value), widths.multiple
    if value % multiple == 0:
        return True
    below = value // multiple * multiple
    nearest = f"{below} or {below + multiple}" if below else f"{multiple}"
    report.error(
        "SP0301",
        f"{value} is not a multiple of {multiple}",
        number.span,
        labels=[Label(widths.span, "the device's rule is declared here")],
        help=write(f"the nearest width{'s are' if below else ' is'} {nearest}", *nearest.split(" or ")),
    )
    return False


def _odd(values: ast.Values, found: Sequence[Real], rule: Rule, report: Report) -> bool:
    """Whether all kernels are odd. In a range, even ones come from its step."""
    mend = "an even kernel has no centre, so the map would shift by half a pixel"
    if values.form == "range":
        even = [value for value in found if value % 2 == 0]
        if even:
            message = f"this range holds even kernels, such as {even[0]}"
            report.error(
                "SP0501", message, values.span, help=f"{mend}; write the range with `step 2` from an odd number"
            )
        return not even
    wrong = [number for number in values.numbers if number.value % 2 == 0]
    for number in wrong:
        report.error("SP0501", f"kernel {spelled(number.value)} is even", number.span, help=mend)
    return not wrong


def _ascending(found: Sequence[ast.Number], rule: Rule, report: Report) -> bool:
    for before, after in pairwise(found):
        if after.value > before.value:
            continue
        twice = after.value == before.value
        message = (
            f"{spelled(after.value)} is written twice"
            if twice
            else f"{spelled(after.value)} comes after {spelled(before.value)}"
        )
        report.error(
            "SP0305", message, after.span,
            labels=[Label(before.span, "first written here" if twice else "this is larger")],
            help=put("write each value once, in ascending order", _in_order(found), Place.INSTEAD, _all(found)),
        )  # fmt: skip
        return False
    return True


def _all(found: Sequence[ast.Number]) -> Span:
    return found[0].span.to(found[-1].span)


def _in_order(found: Sequence[ast.Number]) -> str:
    """The numbers as they were spelled, ascending, each once."""
    spellings = {each.value: each.span.text for each in reversed(found)}
    return ", ".join(spellings[value] for value in sorted(spellings))


# --- ranges ---------------------------------------------------------------------------------------------------------


def _range(values: ast.Values, rule: Rule, report: Report) -> bool:
    low, high = values.numbers
    if high.value < low.value:
        message = f"this range ends at {spelled(high.value)}, before it starts"
        turned = f"{spelled(high.value)}..{spelled(low.value)}"
        report.error("SP0302", message, values.span, help=write(f"write `{turned}`", turned))
        return False
    step = _step(values, rule, report)
    if step is None or not _few(count(values, step), values, rule, report):
        return False
    steps = (high.value - low.value) / step
    if abs(steps - round(steps)) < 1e-6:
        return True
    below = low.value + floor(steps) * step
    ends = [spelled(below), spelled(below + step)]
    message = f"steps of {spelled(step)} from {spelled(low.value)} don't reach {spelled(high.value)}"
    report.error(
        "SP0303", message, high.span,
        help=write(f"the nearest ends are {' and '.join(ends)}", *ends),
    )  # fmt: skip
    return False


def _step(values: ast.Values, rule: Rule, report: Report) -> Real | None:
    """The written step or the rule's; None if it is wrong or has to be written."""
    written = values.step
    if written is None:
        if rule.step is None:
            message = f"a range of `{rule.subject}` needs its step"
            low, high = (f"{spelled(each.value)}" for each in values.numbers)
            report.error("SP0312", message, values.span, help=f"write `{low}..{high} step N`")
        return rule.step
    value = written.value
    if value <= 0:
        report.error("SP0304", f"a step can't be {spelled(value)}", written.span, help="steps are positive")
        return None
    if rule.whole and value != int(value):
        report.error("SP0306", f"`{rule.subject}` takes whole numbers, not steps of {spelled(value)}", written.span)
        return None
    if rule.widths is not None and value % rule.widths.multiple:
        message = f"steps of {spelled(value)} don't stay on multiples of {rule.widths.multiple}"
        report.error(
            "SP0301", message, written.span,
            labels=[Label(rule.widths.span, "the device's rule is declared here")],
            help=f"write a step that is a multiple of {rule.widths.multiple}, or leave it out",
        )  # fmt: skip
        return None
    return value
