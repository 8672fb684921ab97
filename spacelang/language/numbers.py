"""Numbers as a text writes them."""

from __future__ import annotations

import math
from decimal import Decimal

from spacelang.language.limits import LARGEST_NUMBER, NUMBER_DIGITS


def number_text(value: int | float, *, point: bool = False) -> str:
    """A number without an exponent, unless it would be too long; with `point`, a whole number is written as `1.0`."""
    text = format(Decimal(repr(value)), "f")
    if len(text) > NUMBER_DIGITS:
        return repr(value)
    return text if "." in text or not point else f"{text}.0"


def is_sayable(value: int | float) -> bool:
    """Whether a text can hold this number: finite, not negative, with no more digits than a number may have."""
    if not math.isfinite(value) or not 0 <= value < LARGEST_NUMBER:
        return False
    return sum(map(str.isdigit, number_text(value))) <= NUMBER_DIGITS
