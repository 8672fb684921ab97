"""Codes of block-wise distillation."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1301",
        "no such accelerator",
        "Training runs on a GPU where torch finds one, otherwise on the processor. What was asked for isn't there.",
        "spacelang distill build --accelerator gpu",
        "spacelang distill build --accelerator cuda",
    ),
    Code(
        "SP1302",
        "a damaged checkpoint",
        "A checkpoint is a JSON file that names a safetensors file and its hash. One of the two is missing, was "
        "changed, or was written by another version. Checkpoints are written so that a kill leaves them whole, so "
        "this is a fault of the disk or an edit. Without it, what it belongs to begins again.",
    ),
)
