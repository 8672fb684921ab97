"""A network as a list of steps, one for each operator that a runtime runs: what is timed, exported and checked.

`network` says what a step is. `madeup` makes the steps of a kernel or an architecture with made-up numbers, for timing;
`spacelang.nn.lowering` makes those of a trained network. Every file that a runtime reads is written from steps, so a
file that is timed and a file that ships differ in their numbers alone. Needs numpy and no framework.
"""

from __future__ import annotations

from spacelang.steps.madeup import kernel_steps, network_steps
from spacelang.steps.network import INPUT, Grid, Map, Step, Steps, Weights, Window

__all__ = ["INPUT", "Grid", "Map", "Step", "Steps", "Weights", "Window", "kernel_steps", "network_steps"]
