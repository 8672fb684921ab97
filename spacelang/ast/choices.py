"""What written values stand for: ranges written out, windows over widths.

`check` and `lower` share this, so that what was checked is what is compiled. Nothing is written out before `count` has
shown that it is small.
"""

from __future__ import annotations

from spacelang import ast
from spacelang.language.arithmetic import Real

DEPTH_STEP = 1
"""The step of a range of depths without `step`."""
NUMBER_STEP = 1
"""The step of a range of a block's parameter without `step`."""


def count(values: ast.Values, default_step: Real) -> int:
    """How many numbers `values` stands for, without writing them out; 0 for a range that can't be walked."""
    if values.form != "range":
        return len(values.numbers)
    low, high = (each.value for each in values.numbers)
    step = _step(values, default_step)
    if step <= 0 or high < low:
        return 0
    return int((high - low) / step + 1e-9) + 1


def expand(values: ast.Values, default_step: Real) -> tuple[Real, ...]:
    """The numbers that `values` stands for, in the order of the text.

    Args:
        default_step: the step of a range that doesn't write one: the device's multiple for widths, else `DEPTH_STEP` or
            `NUMBER_STEP`.
    """
    if values.form != "range":
        return tuple(_plain(each.value) for each in values.numbers)
    low, step = values.numbers[0].value, _step(values, default_step)
    # Rounded, since 0.1 + 2 * 0.1 is not 0.3 in binary.
    return tuple(_plain(round(low + index * step, 9)) for index in range(count(values, default_step)))


def windows(widths: ast.Widths, multiple: int) -> tuple[tuple[Real, ...], ...]:
    """The width lists that a space may take: `2 of 32..64` is (32, 48), (48, 64) where the multiple is 16."""
    values = expand(widths.values, multiple)
    if widths.window is None:
        return (values,)
    length = int(widths.window.value)
    return tuple(values[at : at + length] for at in range(len(values) - length + 1))


def _step(values: ast.Values, default_step: Real) -> Real:
    return values.step.value if values.step is not None else default_step


def _plain(value: Real) -> Real:
    """1.0 and 1 are the same choice."""
    return int(value) if value == int(value) else value
