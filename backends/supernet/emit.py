"""`supernet.py`: the elastic network of a space as readable Python on top of `spacelang.nn`."""

from __future__ import annotations

import keyword as python
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from spacelang.backends.protocol import writing_out
from spacelang.backends.rendering import templates
from spacelang.backends.supernet.blocks import BlockClass, block_class
from spacelang.backends.supernet.extent import Extent, extent
from spacelang.backends.supernet.head import head_class
from spacelang.backends.supernet.layout import Code, Group, call, keyword, lay_out
from spacelang.ir.nodes import Candidate, Kind, SearchSpace, Stage
from spacelang.networks.positions import entry_widths, integers, positions

RESERVED = ("Head", "Supernet", "Tensor", "SPACE_SHA256", "STUDENTS", "torch", "nn")


class SupernetBackend:
    name = "supernet"
    summary = "supernet.py: the elastic network in Python, and the students of block-wise distillation"
    kinds: tuple[Kind, ...] = ("hyperspace", "space", "model")

    def emit(self, space: SearchSpace) -> dict[str, str]:
        template = templates("spacelang.backends.supernet").get_template("supernet.py.jinja")
        with writing_out(space):
            return {"supernet.py": template.render(space=space, module=_Module(space), head=head_class(space))}


@dataclass(frozen=True)
class _Run:
    """The layers of one stage with one of its blocks.

    Attributes:
        function: the name of the function that builds it.
        layers: the extent of each layer and its stride.
        received, width: the most channels that come in and that go out.
    """

    stage: Stage
    candidate: Candidate
    function: str
    layers: tuple[tuple[Extent, int], ...]
    received: int
    width: int


class _Module:
    """Everything that the template asks for."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._taken = set(RESERVED)
        names = {block.name: self._unique(_camel(block.name)) for block in space.blocks}
        self.runs = list(self._runs())
        self.classes = {block.name: self._class(names[block.name], block.name) for block in space.blocks}
        self.functions = [(run, self._body(run)) for run in self.runs]

    def _unique(self, name: str) -> str:
        """The name, followed by a number if it is taken."""
        unique, count = name, 1
        while unique in self._taken or python.iskeyword(unique):
            count += 1
            unique = f"{name}_{count}"
        self._taken.add(unique)
        return unique

    def _runs(self) -> Iterator[_Run]:
        size = max(self.space.resolutions)
        for stage, entry in zip(self.space.stem + self.space.stages, entry_widths(self.space), strict=False):
            repeated = {name for name, count in Counter(each.block for each in stage.candidates).items() if count > 1}
            for each in stage.candidates:
                block = self.space.blocks_by_name[each.block]
                suffix = f"_{each.id}" if each.block in repeated else ""
                layers = tuple(
                    layer
                    for position in positions(block, stage, each, entry, size)
                    for layer in [(extent(block, position), position.stride)] * position.layers
                )
                function = self._unique(f"{stage.name}_{each.block}{suffix}")
                width = max(width for window in stage.windows for width in integers(window.values))
                yield _Run(stage, each, function, layers, max(entry), width)

    def _class(self, name: str, block: str) -> BlockClass:
        runs = [run for run in self.runs if run.candidate.block == block]
        whole = [
            parameter
            for parameter in self.space.blocks_by_name[block].numeric
            if all(isinstance(value, int) for run in runs for value in run.candidate.numbers[parameter].values)
        ]
        extents = [layer for run in runs for layer, _ in run.layers]
        return block_class(name, self.space.blocks_by_name[block], extents, whole)

    def _body(self, run: _Run) -> str:
        made = self.classes[run.candidate.block]
        layers = (made.layer(found, stride, run.candidate.acts) for found, stride in run.layers)
        return "\n".join(lay_out(call("nn.ElasticStage", *layers), 4, "return "))

    # --- what the supernet and the students are made of ---

    @property
    def stem(self) -> str:
        return self._list("stem", [self._choice(stage) for stage in self.space.stem])

    @property
    def stages(self) -> str:
        return self._list("stages", [self._choice(stage) for stage in self.space.stages])

    def _list(self, name: str, items: list[Code]) -> str:
        code = call("nn.ModuleList", Group("[", tuple(items), "]"))
        return "\n".join(lay_out(code, 8, f"self.{name} = "))

    def _choice(self, stage: Stage) -> Code:
        runs = [run for run in self.runs if run.stage is stage]
        if len(runs) == 1:
            return f"{runs[0].function}()"
        return call("nn.Candidates", Group("{", tuple(f"{run.candidate.id}: {run.function}()" for run in runs), "}"))

    @property
    def students(self) -> str:
        """A student for each distillation job, in the order of the jobs."""
        plans = (
            Group(
                f'("{run.stage.name}", {run.candidate.id}): nn.StudentPlan(',
                (run.function, keyword("channels_in", str(run.received)), keyword("width", str(run.width))),
                ")",
            )
            for run in self.runs
            if run.stage in self.space.stages
        )
        return "\n".join(lay_out(Group("{", tuple(plans), "}"), 0, "STUDENTS = "))


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split("_+", name) if part) or "Block"
