"""Names of declarations: none declared twice, none unused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacelang import ast
from spacelang.ast.loader import Program
from spacelang.report.diagnostics import Label, Report
from spacelang.report.mend import Place, put

Declaration = ast.Block | ast.Device | ast.Space


def check_names(program: Program, report: Report) -> None:
    """Reports names declared twice, and declarations and imports of the main file that nothing uses."""
    for what, declarations in (
        ("block", [each for module in program.modules for each in module.blocks]),
        ("device", [each for module in program.modules for each in module.devices]),
        ("space", [each for module in program.modules for each in module.spaces]),
    ):
        _once(what, declarations, report)
    _imported_once(program, report)
    if program.main.spaces and program.complete and not report.failed and not _unknown(program):
        _unused(program, report)


def _once(what: str, declarations: Sequence[Declaration], report: Report) -> None:
    first: dict[str, ast.Name] = {}
    for each in declarations:
        before = first.setdefault(each.name.text, each.name)
        if before is each.name:
            continue
        elsewhere = "" if before.span.source is each.name.span.source else f" in {before.span.source.name}"
        labels = [Label(before.span, "first declared here")]
        message = f"{what} `{each.name.text}` is declared twice{elsewhere and ', first' + elsewhere}"
        report.error("SP0206", message, each.name.span, labels=labels, help="choose another name")


def _imported_once(program: Program, report: Report) -> None:
    for module in program.modules:
        first: dict[str, ast.Import] = {}
        for line in module.imports:
            if first.setdefault(line.path.value, line) is not line:
                message = f'"{line.path.value}" is imported twice'
                report.warning("SP0217", message, line.span, help=put("remove one of the lines", "", Place.AWAY))


def _unknown(program: Program) -> bool:
    """Whether a block or device is used that isn't declared: the name may be meant for one that seems unused."""
    devices = {each.device.text for each in program.spaces.values()}
    return bool(devices - set(program.devices)) or bool(set(_used_blocks(program)) - set(program.blocks))


def _unused(program: Program, report: Report) -> None:
    blocks, devices = set(_used_blocks(program)), {each.device.text for each in program.spaces.values()}
    for block in program.main.blocks:
        if block.name.text not in blocks:
            report.warning("SP0210", f"no space uses block `{block.name.text}`", block.name.span)
    for device in program.main.devices:
        if device.name.text not in devices:
            report.warning("SP0210", f"no space uses device `{device.name.text}`", device.name.span)
    origins = {each.origin.name.text for each in program.main.spaces if each.origin is not None}
    seen: set[str] = set()
    for line, module in zip(program.main.imports, program.imported[program.main.source.name], strict=True):
        if module is None or line.path.value in seen:
            continue
        seen.add(line.path.value)
        reached = list(_reached(module, program))
        offered = {("block", each.name.text) for one in reached for each in one.blocks}
        offered |= {("device", each.name.text) for one in reached for each in one.devices}
        offered |= {("space", each.name.text) for one in reached for each in one.spaces}
        used = {("block", each) for each in blocks}
        used |= {("device", each) for each in devices} | {("space", each) for each in origins}
        if not offered & used:
            mend = put("remove the line", "", Place.AWAY)
            report.warning("SP0211", f'nothing from "{line.path.value}" is used', line.span, help=mend)


def _used_blocks(program: Program) -> Iterator[str]:
    for space in program.spaces.values():
        yield from (each.block.text for each in space.blocks)
        for stage in (*space.stem, *space.stages):
            if stage.block is not None:
                yield stage.block.text
            yield from (each.block.text for each in stage.blocks or ())


def _reached(module: ast.Module, program: Program) -> Iterator[ast.Module]:
    """A module and all that it imports."""
    seen: set[int] = set()
    waiting = [module]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [found for found in program.imported.get(each.source.name, ()) if found is not None]
