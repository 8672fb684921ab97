"""Codes of measured and predicted latencies."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1101",
        "too noisy to measure",
        "A reference kernel, the canary, runs before and after every measurement. Where it is slower than it was at "
        "its best, something else used the machine and the measurement is repeated. This one was disturbed every "
        "time, so nothing was recorded. Stop what else is running, or try again later.",
    ),
    Code(
        "SP1102",
        "the core can't be pinned",
        "Measurements run on one core, so that the system doesn't move them between caches. This system doesn't let "
        "the process choose one: the figures are measured all the same, but expect them to vary more.",
    ),
    Code(
        "SP1103",
        "a runtime is missing",
        "Models are measured through the runtime that runs them on the device. It is installed by an extra of its "
        "own, because a compiler of spaces doesn't need it.",
        "pip install spacelang",
        "pip install 'spacelang[onnx]'",
    ),
)
