"""What every IR keeps to, whether it comes from a text, from JSON or from a pass.

`verify` runs at the entry and the exit of the compiler; what it accepts, `printer.to_text` can say in the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from spacelang import ir
from spacelang.language.numbers import is_sayable
from spacelang.language.schema import SECTIONS, SPACE, STAGE, Property, named
from spacelang.networks.genome import DIGITS
from spacelang.report.diagnostics import Diagnostic
from spacelang.verify.blocks import NAME, Finding, verify_block, verify_head_names
from spacelang.verify.shapes import verify_shapes

SHA256 = re.compile("[0-9a-f]{64}")
ENCODING = re.compile("[0-9a-z]+[-_][0-9a-z]+")


def verify(space: ir.SearchSpace) -> tuple[Diagnostic, ...]:
    """All violations of the IR's invariants; empty for a valid one.

    Shapes are only looked at where the rest is right, since they mean nothing before.
    """
    findings = list(_space(space))
    if not findings:
        findings = list(verify_shapes(space))
    return tuple(Diagnostic(code, message) for code, message in dict.fromkeys(findings))


def _space(space: ir.SearchSpace) -> Iterator[Finding]:
    if space.ir_version != ir.IR_VERSION:
        yield "SP0902", f"ir_version is {space.ir_version}, this spacelang reads {ir.IR_VERSION}"
    yield from _names(space)
    for at, block in enumerate(space.blocks):
        yield from verify_block(f"blocks[{at}]", block)
    yield from _ascending("resolutions", space.resolutions)
    for name, values in (
        ("input", (space.channels,)),
        ("resolution", space.resolutions),
        ("classes", (space.classes,)),
    ):
        yield from _domain(name, values, named(SPACE, name))
    for at, stage in enumerate(space.stem):
        yield from _stem(f"stem[{at}]", stage)
        yield from _stage(f"stem[{at}]", stage, space)
    for at, stage in enumerate(space.stages):
        yield from _stage(f"stages[{at}]", stage, space)
    yield from _head(space)
    yield from _kind(space)
    yield from _settings(space)


def _names(space: ir.SearchSpace) -> Iterator[Finding]:
    names = {"name": space.name, "device.name": space.device.name}
    names.update({f"stages[{at}].name": stage.name for at, stage in enumerate(space.stages)})
    for path, name in names.items():
        if not NAME.fullmatch(name) or name == "div":
            yield "SP0904", f"{path}: '{name}' is not a name"
    yield from _ascending("the names of blocks", [each.name for each in space.blocks])
    stages = [each.name for each in space.stages]
    if len(set(stages)) != len(stages):
        yield "SP0905", "stages: two have the same name"
    yield from _origin(space.origin)
    if space.origin and space.origin.checksum not in (None, space.checksum):
        yield "SP0607", f"origin.checksum: '{space.origin.checksum}', but that of this space is {space.checksum}"
    used = {candidate.block for stage in space.stem + space.stages for candidate in stage.candidates}
    for unused in sorted({each.name for each in space.blocks} - used):
        yield "SP0904", f"blocks: '{unused}' is used by no stage"


def _origin(origin: ir.Origin | None) -> Iterator[Finding]:
    if origin is None:
        return
    if not NAME.fullmatch(origin.name):
        yield "SP0904", f"origin.name: '{origin.name}' is not a name"
    if origin.sha256 is not None and not SHA256.fullmatch(origin.sha256):
        yield "SP0906", f"origin.sha256: '{origin.sha256}' is not 64 hexadecimal digits"
    if origin.encoding is not None and not ENCODING.fullmatch(origin.encoding):
        yield "SP0906", f"origin.encoding: '{origin.encoding}' is no encoding"


# --- values ---------------------------------------------------------------------------------------------------------


def _ascending(path: str, values: Sequence[str] | Sequence[ir.Number]) -> Iterator[Finding]:
    if not values:
        yield "SP0905", f"{path}: empty"
    elif not all(low < high for low, high in pairwise(values)):  # type: ignore[operator]
        yield "SP0905", f"{path}: not ascending"


def _domain(path: str, values: Iterable[ir.Number], rule: Property | None) -> Iterator[Finding]:
    for value in values:
        if not is_sayable(value) or (rule is not None and not rule.domain.holds(value)):
            yield "SP0906", f"{path}: {value} is outside of its domain ({rule.domain if rule else 'a finite number'})"


def _choices(path: str, choices: ir.Choices) -> Iterator[Finding]:
    if not choices.per_layer:
        yield from _ascending(path, choices.values)
    for value in choices.values:
        if not is_sayable(value):
            yield "SP0906", f"{path}: {value} is no number that a text can say"


# --- stages ---------------------------------------------------------------------------------------------------------


def _stem(path: str, stage: ir.Stage) -> Iterator[Finding]:
    number = int(path[len("stem[") : -1]) + 1
    if stage.name != f"stem{number}":
        yield "SP0905", f"{path}.name: '{stage.name}', in normal form stem{number}"
    if len(stage.candidates) != 1 or len(stage.windows) != 1:
        yield "SP0907", f"{path}: a stem has one block and one width list"
    elif stage.candidates[0].id != 0:
        yield "SP0905", f"{path}: the block of a stem has search id 0"


def _stage(path: str, stage: ir.Stage, space: ir.SearchSpace) -> Iterator[Finding]:
    yield from _ascending(f"{path}.depth", stage.depth)
    yield from _domain(f"{path}.depth", stage.depth, named(STAGE, "depth"))
    yield from _domain(f"{path}.stride", (stage.stride,), named(STAGE, "stride"))
    yield from _widths(path, stage, space.device.width_multiple)
    ids = [each.id for each in stage.candidates]
    yield from _ascending(f"{path}: search ids", ids)
    if any(not 0 <= each < len(DIGITS) for each in ids) or len(stage.windows) > len(DIGITS):
        yield "SP0906", f"{path}: an encoding can write {len(DIGITS)} search ids and width lists"
    for at, candidate in enumerate(stage.candidates):
        yield from _candidate(f"{path}.candidates[{at}]", candidate, space)
    known = dict.fromkeys(("width", *(name for each in stage.candidates for name in _numeric(each, space))))
    if stage.uniform != tuple(name for name in known if name in stage.uniform):
        yield "SP0904", f"{path}.uniform: {', '.join(stage.uniform)}, legal in this order: {', '.join(known)}"


def _widths(path: str, stage: ir.Stage, multiple: int) -> Iterator[Finding]:
    if not stage.windows:
        yield "SP0905", f"{path}.windows: empty"
    for at, window in enumerate(stage.windows):
        yield from _choices(f"{path}.windows[{at}]", window)
        for width in window.values:
            if not isinstance(width, int) or width < 1 or width % max(1, multiple):
                yield "SP0906", f"{path}.windows[{at}]: {width} is no multiple of the device's {multiple}"
    slide = all(
        len(low.values) == len(high.values) and low.values[1:] == high.values[:-1] and low.values < high.values
        for low, high in pairwise(stage.windows)
    )
    if not slide:
        yield "SP0905", f"{path}.windows: not neighbouring windows of one list"


def _numeric(candidate: ir.Candidate, space: ir.SearchSpace) -> tuple[str, ...]:
    block = space.blocks_by_name.get(candidate.block)
    return block.numeric if block else ()


def _candidate(path: str, candidate: ir.Candidate, space: ir.SearchSpace) -> Iterator[Finding]:
    block = space.blocks_by_name.get(candidate.block)
    if block is None:
        yield "SP0904", f"{path}.block: '{candidate.block}' is not among the blocks"
        return
    acts = {each.name for each in block.parameters if each.type == "activation"}
    for name, given, wanted in (
        ("numbers", set(candidate.numbers), set(block.numeric)),
        ("acts", set(candidate.acts), acts),
    ):
        if given != wanted:
            yield "SP0904", f"{path}.{name}: {_listed(given)}; block {block.name} takes {_listed(wanted)}"
    kernels = {each.name for each in block.parameters if each.type == "kernel"}
    for name, choices in candidate.numbers.items():
        yield from _choices(f"{path}.numbers.{name}", choices)
        if name in kernels and not all(isinstance(each, int) and each % 2 for each in choices.values):
            yield "SP0906", f"{path}.numbers.{name}: a kernel size is odd"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


# --- heads, kinds, settings -----------------------------------------------------------------------------------------


def _head(space: ir.SearchSpace) -> Iterator[Finding]:
    for at, step in enumerate(space.head):
        path = f"head[{at}]"
        if isinstance(step, ir.HeadConv):
            if step.kernel < 1 or step.kernel % 2 == 0:
                yield "SP0906", f"{path}.kernel: {step.kernel}, a kernel size is odd"
            if isinstance(step.out, ir.Choices):
                yield from _head_choices(f"{path}.out", step.out)
        elif isinstance(step, ir.HeadDropout) and not (is_sayable(step.rate) and step.rate < 1):
            yield "SP0906", f"{path}.rate: {step.rate}, a rate is at least 0 and less than 1"
        yield from verify_head_names(path, step)


def _head_choices(path: str, choices: ir.Choices) -> Iterator[Finding]:
    yield from _choices(path, choices)
    if choices.per_layer or len(choices.values) < 2:
        yield "SP0905", f"{path}: a choice of a head's widths has two values or more"
    if not all(isinstance(each, int) and each > 0 for each in choices.values):
        yield "SP0906", f"{path}: widths are positive whole numbers"


def _kind(space: ir.SearchSpace) -> Iterator[Finding]:
    """A space has one block and one width list a stage; a model one value for everything."""
    model = space.kind == "model"
    for group, stages in (("stem", space.stem), ("stages", space.stages)):
        for at, stage in enumerate(stages):
            path = f"{group}[{at}]"
            if not stage.candidates:
                yield "SP0907", f"{path}.candidates: empty"
            if space.kind != "hyperspace" and (len(stage.candidates), len(stage.windows)) != (1, 1):
                yield "SP0907", f"{path}: a {space.kind} has one block and one width list a stage"
            choices = [*stage.windows, *(each for one in stage.candidates for each in one.numbers.values())]
            if any(each.per_layer != model for each in choices):
                yield "SP0907", f"{path}: values for each layer belong to models, choices to the others"
            if model and (stage.uniform or any({len(each.values)} != set(stage.depth) for each in choices)):
                yield "SP0907", f"{path}: a model has one value for each of its layers, and nothing to share"
    if model and len(space.resolutions) != 1:
        yield "SP0907", "resolutions: a model has one"
    if model and any(isinstance(each, ir.HeadConv) and isinstance(each.out, ir.Choices) for each in space.head):
        yield "SP0907", "head: a model has one value for each width"
    if not space.stages:
        yield "SP0907", "stages: empty"


def _settings(space: ir.SearchSpace) -> Iterator[Finding]:
    for name, properties in SECTIONS.items():
        section = getattr(space, name)
        if section is not None:
            yield from _section(name, section, properties)
    if space.targets:
        yield from _ascending("targets.latency_ms", space.targets.latency_ms)
        for value in space.targets.latency_ms:
            if not (is_sayable(value) and value > 0):
                yield "SP0906", f"targets.latency_ms: {value} is no latency"
    quality = space.quality
    if quality and (quality.samples is not None) != (quality.estimator == "sampled"):
        yield "SP0905", "quality.samples: the sampled estimator has it, the exact one has not"
    if quality and quality.penalty and quality.estimator != "sampled":
        yield "SP0905", "quality.penalty: only the sampled estimator has one"


def _section(path: str, section: ir.Node, properties: Iterable[Property]) -> Iterator[Finding]:
    for each in properties:
        value = getattr(section, each.key)
        if isinstance(value, ir.Node):
            yield from _section(f"{path}.{each.key}", value, each.group)
        elif isinstance(value, int | float):
            yield from _domain(f"{path}.{each.key}", (value,), each)
