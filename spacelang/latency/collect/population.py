"""The kernels to measure: all that the spaces can contain, in strata that samples are drawn from."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from spacelang import ir
from spacelang.backends.protocol import writing_out
from spacelang.latency.collect.holdout import is_held_out
from spacelang.networks.census import census
from spacelang.networks.kernels import Kernel

EVENNESS = 0.75
"""A kind with N kernels gets a part in proportion to this power of N: rare kinds get more than their share."""

RARE = 40
"""A kind with fewer kernels is filled up to this many with similar ones, or nothing could be learned about it."""
VARIED = (0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 2.0)
"""Factors of their channels."""
LEAST = 20
"""At least this many of each kind are drawn, if half of the draw is enough for that: a network can be predicted only if
all its kinds can."""

Strata = dict[tuple[str, str], list[Kernel]]
"""By space and kind, in an order that is as good as random but always the same."""
Keep = Callable[[Kernel], bool]


def strata(spaces: Sequence[ir.SearchSpace]) -> Strata:
    """All kernels of the spaces, each under the first space that holds it, and more of rare kinds.

    Raises: SpacelangError: SP0813, SP0814: if a space allows an invalid network, or is too large to enumerate.
    """
    found: dict[Kernel, str] = {}
    for space in spaces:
        with writing_out(space):
            kernels = census(space)
        for kernel in kernels:
            found.setdefault(kernel, space.name)
    for kind, count in Counter(kernel.kind for kernel in found).items():
        if count < RARE:
            like = {each for kernel in found if kernel.kind == kind for each in _variants(kernel)} - found.keys()
            found |= dict.fromkeys(sorted(like, key=_shuffled)[: RARE - count], spaces[0].name)
    made: Strata = defaultdict(list)
    for kernel in sorted(found, key=_shuffled):
        made[found[kernel], kernel.kind].append(kernel)
    return dict(made)


def draw(of: Strata, count: int, keep: Keep) -> list[Kernel]:
    """Up to `count` kernels that `keep` accepts. Spaces get equal shares, kinds within a space shares by `EVENNESS`.

    What a stratum can't fill is shared among the others. Kinds with fewer than `LEAST` then get more, taken from the
    kind with the most. A larger draw from the same strata contains a smaller one, except for rounding.
    """
    left = {key: [kernel for kernel in kernels if keep(kernel)] for key, kernels in of.items()}
    left = {key: kernels for key, kernels in left.items() if kernels}
    sizes = {key: len(kernels) for key, kernels in left.items()}
    shares = _shares(sizes, count)
    _lift(shares, sizes, count)
    return [kernel for key, kernels in left.items() for kernel in kernels[: shares[key]]]


def training(kernel: Kernel) -> bool:
    return not is_held_out(kernel)


def _variants(kernel: Kernel) -> Iterator[Kernel]:
    """Similar kernels with other widths, and with other sizes unless the size is 1."""
    free = kernel.channels_in != kernel.channels_out
    for into in VARIED:
        for out in VARIED if free else (into,):
            for size in {max(1, kernel.size + step) for step in (-1, 0, 1)} if kernel.size > 1 else {1}:
                yield kernel._replace(
                    channels_in=max(1, round(kernel.channels_in * into)),
                    channels_out=max(1, round(kernel.channels_out * out)),
                    size=size,
                    squeeze=round(kernel.squeeze * into),
                )


def _shares(sizes: Mapping[tuple[str, str], int], count: int) -> dict[tuple[str, str], int]:
    """How many kernels each stratum gives: what is left is shared by weight, until the strata or the count run out."""
    whole: dict[str, float] = defaultdict(float)
    for (space, _), size in sizes.items():
        whole[space] += size**EVENNESS
    weights = {key: size**EVENNESS / whole[key[0]] for key, size in sizes.items()}
    shares = dict.fromkeys(sizes, 0)
    while (left := min(count, sum(sizes.values())) - sum(shares.values())) > 0:
        open_keys = [key for key in sizes if shares[key] < sizes[key]]
        total = sum(weights[key] for key in open_keys)
        for key in open_keys:
            given = min(int(left * weights[key] / total), sizes[key] - shares[key])
            shares[key] += given
        if sum(shares.values()) + left == min(count, sum(sizes.values())):  # only fractions are left to give
            for key in sorted(open_keys, key=lambda each: (-weights[each], each))[:left]:
                shares[key] += 1
    return shares


def _lift(shares: dict[tuple[str, str], int], sizes: Mapping[tuple[str, str], int], count: int) -> None:
    """Give rare kinds their minimum, one kernel at a time, in the stratum where they have the fewest."""
    of_kind = Counter[str]()
    for (_, kind), share in shares.items():
        of_kind[kind] += share
    least = min(LEAST, count // (2 * max(1, len(of_kind))))
    while poor := [key for key in sizes if of_kind[key[1]] < least and shares[key] < sizes[key]]:
        ((richest, _),) = of_kind.most_common(1)
        taken = max((key for key in sizes if key[1] == richest), key=shares.__getitem__)
        given = min(poor, key=shares.__getitem__)
        for key, one in ((taken, -1), (given, 1)):
            shares[key] += one
            of_kind[key[1]] += one


def _shuffled(kernel: Kernel) -> bytes:
    return hashlib.sha256(("order" + ",".join(map(str, kernel))).encode()).digest()


def is_validation(kernel: Kernel) -> bool:
    """Whether the sampler judges itself by this kernel: a fifth of those that aren't held out."""
    return _shuffled(kernel)[-1] % 5 == 0
