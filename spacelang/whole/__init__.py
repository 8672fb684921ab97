"""The whole way, from a `.space` file to files that ship: a plan of steps, and what runs those that are out of date.

way = open_way("digits.space", "out")
for each in plan(way): print(each.step.name, each.state, each.why)
run(way)
"""

from __future__ import annotations

from spacelang.whole.plan import Planned, State, plan
from spacelang.whole.run import Watch, run
from spacelang.whole.steps import STEPS, Choices, Means, Step, Way
from spacelang.whole.way import open_way, require_ready, require_step

__all__ = [
    "STEPS",
    "Choices",
    "Means",
    "Planned",
    "State",
    "Step",
    "Watch",
    "Way",
    "open_way",
    "plan",
    "require_ready",
    "require_step",
    "run",
]
