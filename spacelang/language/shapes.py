"""Arithmetic of sizes, on plain numbers: feature maps, strides, kernels.

`check` uses it on texts, `verify` and the backends on the IR.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any, TypeVar

Size = TypeVar("Size", bound=Any)
"""One size, or an array of sizes."""


def size_after(size: Size, stride: int) -> Size:
    """Height and width of the feature map after a convolution that pads by kernel div 2: ⌈size / stride⌉."""
    after: Size = size if stride == 1 else -(-size // stride)
    return after


def sizes(resolution: int, strides: Iterable[int]) -> tuple[int, ...]:
    """The sizes along a network: the resolution, then the size after each stride.

    >>> sizes(224, (2, 2, 1, 2))
    (224, 112, 56, 56, 28)
    """
    return tuple(accumulate(strides, size_after, initial=resolution))


def kernel_reaches(kernel: int, size: int) -> bool:
    """Whether every tap of a padded kernel touches the map somewhere.

    At the edge of a map of `size` pixels a kernel reaches at most `size - 1` pixels to one side, so with a kernel over
    2·size - 1 the outer taps only ever multiply padding: their weights can't learn anything.
    """
    return kernel <= 2 * size - 1
