"""IR → a complete text in the language, which `lower` turns into the same IR again.

So what a search finds is written in the same language as its input. Blocks of the standard library are imported, others
are written out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from spacelang import ir
from spacelang.ast.loader import load_program
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.format import format_file
from spacelang.syntax.parse import parse
from spacelang.translate.lower import inline_id, lower_block
from spacelang.translate.spelling import (
    STEP_RANGE,
    arguments_text,
    block_text,
    head_step_text,
    origin_text,
    range_text,
    settings_text,
    use_text,
    widths_text,
)

STD = "std/blocks.space"


def to_text(space: ir.SearchSpace, *others: ir.SearchSpace) -> str:
    """A complete `.space` text of the spaces and what they need, formatted.

    Args:
        space: a valid IR (`verify`).
        others: more spaces for the same file; blocks and devices with the same name must be equal.
    """
    spaces = (space, *others)
    blocks = {block.name: block for each in spaces for block in each.blocks}
    devices = {each.device.name: each.device for each in spaces}
    declared = (*_blocks(blocks.values()), *map(_device, devices.values()), *(_Printer(each).text() for each in spaces))
    text = "\n".join(("language 1\n", *declared))
    report = Report()
    file = parse(Source(f"{space.name}.space", text), report)
    report.raise_if_failed()
    return format_file(file)


@cache
def std_blocks() -> Mapping[str, ir.Block]:
    """The standard library's blocks, by name."""
    report = Report()
    program = load_program(Source("<std>", f'language 1\nimport "{STD}"\n'), None, report)
    report.raise_if_failed()
    return {name: lower_block(block) for name, block in program.blocks.items()}


def _blocks(blocks: Collection[ir.Block]) -> list[str]:
    """An import for blocks that the library has, and the other blocks written out.

    If a block has a library name but another body, everything is written out.
    """
    library = std_blocks()
    own = [each for each in blocks if library.get(each.name) != each]
    if any(each.name in library for each in own):
        return list(map(block_text, blocks))
    imports = [f'import "{STD}"\n'] if len(own) < len(blocks) else []
    return imports + list(map(block_text, own))


def _device(device: ir.Device) -> str:
    hidden = "" if device.hidden == "multiple" else f"  hidden {device.hidden}\n"
    return (
        f"device {device.name} {{\n  runtime {device.runtime}\n  precision {device.precision}\n"
        f"  threads {device.threads}\n  widths multiple of {device.width_multiple}\n{hidden}}}\n"
    )


# --- the space ------------------------------------------------------------------------------------------------------


def head_text(space: ir.SearchSpace) -> list[str]:
    """The steps of the head, as they are written."""
    return [head_step_text(each, space.device.width_multiple) for each in space.head]


def stage_text(space: ir.SearchSpace, stage: ir.Stage) -> str:
    """A stage by itself, with all its blocks, regardless of the space's own list."""
    printer = _Printer(space)
    if stage in space.stem:
        return printer._stem(stage)
    if len(stage.candidates) == 1:
        only = stage.candidates[0]
        return f"stage {stage.name} {only.block} {{ {printer._properties(stage, only)} }}"
    uses = "".join(f"    {line}\n" for line in _uses(stage.candidates).splitlines())
    return f"stage {stage.name} {{\n  {printer._properties(stage)}\n  blocks {{\n{uses}  }}\n}}"


class _Printer:
    def __init__(self, space: ir.SearchSpace) -> None:
        self.space = space
        self.multiple = space.device.width_multiple
        self.listed = self._common_candidates()

    def text(self) -> str:
        """The declaration; parts are separated by empty lines."""
        space = self.space
        parts = [
            [origin_text(space.origin)] if space.origin else [],
            [f"input {space.channels} channels", f"resolution {self._resolutions()}", f"classes {space.classes}"],
            [f"blocks {{\n{_uses(self.listed)}}}"] if self.listed else [],
            [self._stem(each) for each in space.stem],
            [self._stage(each, at) for at, each in enumerate(space.stages)],
            ["\n".join(("head {", *head_text(space), "}"))],
            settings_text(space),
        ]
        body = "\n\n".join("\n".join(part) for part in parts if part)
        return f"{space.kind} {space.name} on {space.device.name} {{\n{body}\n}}\n"

    def _common_candidates(self) -> tuple[ir.Candidate, ...]:
        """The list of blocks that most stages share; empty if stages have one block each."""
        lists = Counter(repr(stage.candidates) for stage in self.space.stages if len(stage.candidates) > 1)
        if not lists:
            return ()
        common = max(lists, key=lambda each: lists[each])
        return next(each.candidates for each in self.space.stages if repr(each.candidates) == common)

    def _resolutions(self) -> str:
        return range_text(self.space.resolutions, 0, STEP_RANGE)

    def _stem(self, stage: ir.Stage) -> str:
        return f"stem {stage.candidates[0].block} {{ {self._properties(stage, stage.candidates[0])} }}"

    def _stage(self, stage: ir.Stage, index: int) -> str:
        """`stage s mbv2 { … }` if its one block gets its id without a list; otherwise a list, shared or its own."""
        start = f"stage {stage.name}"
        if stage.candidates == self.listed:
            return f"{start} {{ {self._properties(stage)} }}"
        only = stage.candidates[0]
        ids = {each.block: each.id for each in self.listed}
        if len(stage.candidates) == 1 and only.id == inline_id(only.block, ids, self.space.origin, index):
            return f"{start} {only.block} {{ {self._properties(stage, only)} }}"
        return f"{start} {{ {self._properties(stage)}\nblocks {{\n{_uses(stage.candidates)}}}\n}}"

    def _properties(self, stage: ir.Stage, candidate: ir.Candidate | None = None) -> str:
        properties = [
            f"depth {range_text(stage.depth, 1, 2)}",
            f"stride {stage.stride}",
            f"width {widths_text(stage.windows, self.multiple)}",
            *(arguments_text(candidate) if candidate else ()),
        ]
        if stage.uniform:
            properties.append(f"uniform {{{', '.join(stage.uniform)}}}")
        return ", ".join(properties)


def _uses(candidates: Iterable[ir.Candidate]) -> str:
    return "".join(f"{each.id} = {use_text(each)}\n" for each in candidates)
