"""The fixed hold-out: kernels that no predictor is ever trained on."""

from __future__ import annotations

import hashlib

from spacelang.networks.kernels import Kernel

PART = 5
"""One kernel in this many is held out."""


def is_held_out(kernel: Kernel) -> bool:
    """Whether this kernel is in the fixed fifth. A hash decides: the same for every log, device, space and version."""
    text = ",".join(map(str, kernel))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % PART == 0
