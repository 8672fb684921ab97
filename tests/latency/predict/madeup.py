"""A device that doesn't exist: its latencies follow a law, with steps of 16 channels, so that all can be computed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from spacelang.latency.collect.log import Log, Measured, MeasuredNetwork, Network
from spacelang.latency.device import Fingerprint
from spacelang.networks.kernels import Kernel

DEVICE = Fingerprint(
    cpu="cpu family 99 model 1", flags=("avx2", "avx512_vnni"), mhz=3000, runtime="onnxruntime", version="1.0"
)
CANARY_MS = 0.1
FACTOR, START_MS, IMAGE_MS = 1.04, 0.05, 2e-7


def law(kernel: Kernel) -> float:
    """Milliseconds of a kernel on this device."""
    pixels = (-(-kernel.size // kernel.stride)) ** 2
    steps = -(-kernel.channels_in // 16) * -(-kernel.channels_out // 16) * 256
    work = {
        "conv": steps * kernel.kernel**2 * pixels / 1.5e8,
        "dwconv": -(-kernel.channels_in // 16) * 16 * kernel.kernel**2 * pixels / 1e7,
        "linear": steps / 5e7,
        "se": kernel.channels_in * (kernel.squeeze / 5e6 + kernel.size**2 / 8e6),
    }
    return 0.003 + work.get(kernel.kind, kernel.channels_in * kernel.size**2 / 3e6)


KINDS = ("conv", "dwconv", "se", "add", "hswish")


def kernels(count: int, kinds: Sequence[str] = KINDS, seed: int = 0) -> list[Kernel]:
    """Different kernels of these kinds, as mixed as a space's."""
    rng = np.random.default_rng(seed)
    made: dict[Kernel, None] = {}
    while len(made) < count:
        kind = kinds[len(made) % len(kinds)]
        channels = [int(each) * 8 for each in rng.integers(2, 60, 2)]
        size, window, stride = int(rng.integers(5, 57)), int(rng.choice([1, 3, 5, 7])), int(rng.integers(1, 3))
        if kind == "conv":
            made[Kernel(kind, channels[0], channels[1], size, window, stride, "relu")] = None
        elif kind == "dwconv":
            made[Kernel(kind, channels[0], channels[0], size, max(3, window), stride)] = None
        else:
            squeeze = channels[0] // 4 if kind == "se" else 0
            made[Kernel(kind, channels[0], channels[0], size, squeeze=squeeze)] = None
    return list(made)


def network(name: str, of: Iterable[Kernel], resolution: int) -> MeasuredNetwork:
    """A network of these kernels, measured on the device."""
    parts = tuple(of)
    ms = FACTOR * sum(map(law, parts)) + START_MS + IMAGE_MS * 3 * resolution**2
    found = Network(name, hashlib.sha256(name.encode()).hexdigest(), 3, resolution, parts)
    return MeasuredNetwork(found, "int8", ms, CANARY_MS)


def log(count: int = 750, networks: int = 30, kinds: Sequence[str] = KINDS, seed: int = 0) -> Log:
    made = Log(DEVICE)
    known = kernels(count, kinds, seed)
    made.append(*(Measured(each, "int8", law(each), CANARY_MS) for each in known))
    rng = np.random.default_rng(seed)
    for at in range(networks):
        parts = [known[int(each)] for each in rng.integers(len(known), size=rng.integers(20, 60))]
        made.append(network(f"network {at}", parts, int(rng.choice([160, 192, 224]))))
    return made
