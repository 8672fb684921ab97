"""The rules of expressions that count something: kernels, channels, repetitions."""

from __future__ import annotations

from typing import NamedTuple

from spacelang.language import limits


class Count(NamedTuple):
    """The rule of an expression that must be a positive whole number.

    Attributes:
        code, message: those of the diagnostic; `{}` in the message is the wrong number.
        unit: what is counted.
        most: the largest legal number.
        odd: whether even numbers are wrong too.
    """

    code: str
    message: str
    unit: str = "channels"
    most: int = limits.CHANNELS
    odd: bool = False

    def allows(self, value: int | float) -> bool:
        return 1 <= value <= self.most and value == int(value) and not (self.odd and value % 2 == 0)

    @property
    def help(self) -> str:
        return (
            "kernels are odd positive whole numbers"
            if self.odd
            else f"{self.unit} are whole numbers from 1 to {self.most}"
        )


KERNEL = Count("SP0501", "the kernel would be {}", "kernels", limits.LARGEST_NUMBER, odd=True)
OUT = Count("SP0416", "the number of output channels would be {}")
SQUEEZE = Count("SP0416", "`se` would squeeze to {} channels")
REPEAT = Count("SP0417", "the operator would be repeated {} times", "repetitions", limits.REPETITIONS)
