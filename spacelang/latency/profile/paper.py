"""What the paper measured, to be shown next to what is measured here: speedups of INT8 on (Intel VNNI, Pixel 4)."""

from __future__ import annotations

PAPER_OPERATORS = {
    "Conv": (2.6, 2.5), "DWConv": (1.2, 2.0), "SE": (0.7, 1.4), "Hardswish": (0.7, 0.5), "Swish": (0.8, 2.1),
}  # fmt: skip
"""Table 1."""

PAPER_SIZES = {
    "conv": {1: (3.5, 2.6), 3: (3.6, 4.0), 5: (3.8, 3.9), 7: (4.0, 3.8)},
    "dwconv": {1: (2.7, 0.9), 3: (1.4, 2.8), 5: (1.1, 1.1), 7: (0.8, 1.1)},
}
"""Table 8, by kind and kernel size."""
