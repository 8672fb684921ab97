"""Codes of the search for models in a trained supernet."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP2001",
        "a run of another space",
        "Models are cut out of the run's supernet, so the space that is searched must have the same networks as the "
        "one that was trained. Its name, targets and training settings may differ.",
        "spacelang search other.space --run run -o found",
        "spacelang search run/space.space --run run -o found",
    ),
    Code(
        "SP2002",
        "a folder of another search",
        "A search writes a folder of its own, and continues there after an interruption. This folder holds something "
        "else, or a search that was started with another space, run, device, seed or number of models.",
        "spacelang search found.space --run run -o specs",
        "spacelang search found.space --run run -o found",
    ),
    Code(
        "SP2003",
        "a supernet that isn't finite",
        "The weights, or what a network computes with them, are infinite or NaN, so this run has no model to rank. "
        "The training has diverged: train again with a smaller learning rate.",
    ),
    Code(
        "SP2004",
        "no model within any target",
        "Even the fastest model of the space is predicted to be slower than the greatest latency target. The message "
        "says how long it takes.",
        "targets latency {0.001} ms",
        "targets latency {5, 10} ms",
    ),
    Code(
        "SP2005",
        "the cache of evaluations can't be used",
        "Evaluated models are kept in `evaluations.sqlite` in the run's folder, so that an interrupted search goes "
        "on from them. The file is damaged, locked for too long, or the disk is full. It holds nothing that can't be "
        "computed again, so it may be removed.",
    ),
    Code(
        "SP2006",
        "two searches in one folder",
        "Two processes would replace each other's files.",
    ),
)
