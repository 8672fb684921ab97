"""A `from` line is a claim: this module checks it against the space, and updates it.

The wider space is *found* if it is declared in the same file or in one that this file imports, directly or not; or else
in a file of its own name in the same folder (`vnni.space` for `from hyperspace vnni`), if it has the SHA-256
that the line names. Where it is found, the space is compared with it. Where it isn't, the line's checksum tells whether
the space was edited since the line was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from spacelang import ast, ir
from spacelang.ast.loader import Program, load_program, open_source
from spacelang.check import check
from spacelang.networks.genome import OLD_SEPARATOR, SEPARATOR, encode
from spacelang.report.diagnostics import Diagnostic, Label, Report, Severity, SpacelangError
from spacelang.report.source import Source, Span
from spacelang.translate.inclusion import Misfit, is_exact, locate, misfits
from spacelang.translate.lower import lower
from spacelang.translate.spelling import origin_text

UPDATE = "`spacelang fmt --update-origin FILE` writes the line again"


def check_origins(program: Program, path: Path | None, report: Report) -> None:
    """Reports every `from` line of the main file that isn't true of its space; does nothing if there are errors
    already.

    Args:
        path: of the main file; None for a text, whose neighbours are the files in the current folder.
    """
    claimed = [each for each in program.own_spaces if each.origin is not None]
    if claimed and not report.failed:
        for declared, space in zip(claimed, lower(program, claimed), strict=True):
            report.diagnostics += _findings(declared, space, _find(program, path, space))


def update_origins(source: Source, path: Path | None) -> str:
    """The text with its `from` lines updated to what the spaces now say.

    Raises:
        SpacelangError: with everything that is wrong with the text; SP0606 if a space has left the one it came from,
            SP0610 if that can't be found.
    """
    claims, program = _claims(source, path)
    unsigned = {line.span: origin_text(_updated(space, declared, program, path)) for line, declared, space in claims}
    text = _replaced(source.text, unsigned)
    # A stage that names its block gets its search id from the encoding, so the checksum is that of the new text.
    claims, _ = _claims(Source(source.name, text), path)
    signed = {line.span: origin_text(origin) for line, _, space in claims if (origin := space.signed().origin)}
    return _replaced(text, signed)


# --- finding --------------------------------------------------------------------------------------------------------


def _find(
    program: Program, path: Path | None, space: ir.SearchSpace, *, any_version: bool = False
) -> ir.SearchSpace | None:
    """The space that `space` says it comes from; with `any_version`, a neighbour with another SHA-256 will do."""
    origin = space.origin
    assert origin is not None
    declared = program.spaces.get(origin.name)
    if declared is not None and declared.kind == origin.kind and origin.name != space.name:
        return lower(program, (declared,))[0]
    found = _neighbour(path, origin)
    return found if found and (any_version or origin.sha256 in (None, found.sha256)) else None


def _neighbour(path: Path | None, origin: ir.Origin) -> ir.SearchSpace | None:
    file = (Path() if path is None else path.parent) / f"{origin.name}.space"
    if not file.is_file() or (path is not None and file.resolve() == path.resolve()):
        return None
    report = Report()
    source = open_source(file, str(file), report)
    if source is None:
        return None
    program = load_program(source, file, report)
    check(program, report)
    declared = [each for each in program.own_spaces if (each.kind, each.name.text) == (origin.kind, origin.name)]
    return None if report.failed or not declared else lower(program, declared[:1])[0]


# --- judging --------------------------------------------------------------------------------------------------------


def _findings(declared: ast.Space, space: ir.SearchSpace, wider: ir.SearchSpace | None) -> Iterator[Diagnostic]:
    origin = space.origin
    assert origin is not None
    assert declared.origin is not None
    stale = origin.checksum is not None and origin.checksum != space.checksum
    if wider is None:
        if stale:
            yield _edited(declared.origin, space, origin)
        elif origin.checksum is None and (origin.encoding or origin.sha256):
            yield _unchecked(declared.origin, origin)
        return
    if origin.sha256 not in (None, wider.sha256):
        yield _changed_since(declared.origin, wider)
    found = misfits(space, wider)
    yield from (_left(declared, each) for each in found)
    if not found:
        encoding = encoding_in(wider, space)
        if origin.encoding and encoding and _plain(origin.encoding) != encoding:
            yield _other_encoding(declared.origin, space, encoding)
        elif stale:
            yield _edited(declared.origin, space, origin)


def encoding_in(wider: ir.SearchSpace, space: ir.SearchSpace) -> str | None:
    """The encoding of a space in a hyperspace that holds it; of one narrowed from a space, that space's own."""
    if is_exact(space, wider):
        return encode(locate(wider, space))
    return wider.origin.encoding if wider.origin and wider.kind == "space" else None


def _plain(encoding: str) -> str:
    return encoding.replace(OLD_SEPARATOR, SEPARATOR)


def _left(declared: ast.Space, misfit: Misfit) -> Diagnostic:
    assert declared.origin is not None
    labels = (Label(declared.origin.span, "which this line says it comes from"),)
    mend = "; ".join(filter(None, (misfit.help, "a space of your own doesn't need a `from` line")))
    return Diagnostic("SP0606", misfit.message, _place(declared, misfit.path), labels=labels, help=mend)


def _other_encoding(line: ast.Origin, space: ir.SearchSpace, encoding: str) -> Diagnostic:
    assert line.encoding
    message = f"the encoding of `{space.name}` is {encoding}, not {line.encoding.value}"
    return Diagnostic("SP0605", message, line.encoding.span, help=UPDATE)


def _edited(line: ast.Origin, space: ir.SearchSpace, origin: ir.Origin) -> Diagnostic:
    assert line.checksum
    message = f"`{space.name}` was edited after its `from` line was written"
    mend = f"{UPDATE}, where {origin.kind} `{origin.name}` can be found; a space of your own doesn't need it"
    return Diagnostic("SP0607", message, line.checksum.span, help=mend)


def _changed_since(line: ast.Origin, wider: ir.SearchSpace) -> Diagnostic:
    assert line.sha256
    message = f"{wider.kind} `{wider.name}` has changed since this line was written"
    return Diagnostic("SP0608", message, line.sha256.span, help=UPDATE, severity=Severity.WARNING)


def _unchecked(line: ast.Origin, origin: ir.Origin) -> Diagnostic:
    message = f"whether this comes from {origin.kind} `{origin.name}` can't be checked"
    mend = f"import the file that declares it, or put it beside this one as {origin.name}.space"
    return Diagnostic("SP0609", message, line.span, help=mend, severity=Severity.WARNING)


def _place(declared: ast.Space, path: str) -> Span:
    """Where the text says what a misfit is about; the `from` line if there is no such place."""
    assert declared.origin is not None
    first, _, field = path.partition(".")
    whole = {"resolution": declared.resolution, "input": declared.channels, "classes": declared.classes}
    if first in whole:
        return _span(whole[first], declared.origin)
    if first == "head":
        return declared.head[0].span if declared.head else declared.origin.span
    stage = next((each for at, each in enumerate(declared.stem, 1) if first == f"stem{at}"), None)
    stage = stage or next((each for each in declared.stages if each.name and each.name.text == first), None)
    if stage is None:
        return declared.origin.span
    argument = next((each for each in stage.arguments if each.name.text == field), None)
    parts = {"depth": stage.depth, "stride": stage.stride, "width": stage.width, "block": stage.block}
    return _span(argument or parts.get(field) or stage.block, stage)


def _span(
    part: ast.Values | ast.Number | ast.Widths | ast.Name | ast.Argument | None, whole: ast.Origin | ast.Stage
) -> Span:
    return whole.span if part is None else part.span


# --- rewriting ------------------------------------------------------------------------------------------------------


def _claims(source: Source, path: Path | None) -> tuple[list[tuple[ast.Origin, ast.Space, ir.SearchSpace]], Program]:
    """The `from` lines, with their spaces as they are declared and as they are meant."""
    report = Report()
    program = load_program(source, path, report)
    check(program, report)
    report.raise_if_failed()
    claimed = [(each.origin, each) for each in program.own_spaces if each.origin is not None]
    spaces = lower(program, [each for _, each in claimed])
    return [(line, each, space) for (line, each), space in zip(claimed, spaces, strict=True)], program


def _updated(space: ir.SearchSpace, declared: ast.Space, program: Program, path: Path | None) -> ir.Origin:
    assert space.origin is not None
    assert declared.origin is not None
    wider = _find(program, path, space, any_version=True)
    if wider is None:
        message = f"{space.origin.kind} `{space.origin.name}` can't be found"
        mend = f"import the file that declares it, or put it beside this one as {space.origin.name}.space"
        raise SpacelangError([Diagnostic("SP0610", message, declared.origin.span, help=mend)])
    if found := misfits(space, wider):
        raise SpacelangError(_left(declared, each) for each in found)
    encoding = encoding_in(wider, space)
    return ir.Origin(kind=wider.kind, name=wider.name, sha256=wider.sha256, encoding=encoding)


def _replaced(text: str, parts: Mapping[Span, str]) -> str:
    for span in sorted(parts, key=lambda each: each.start, reverse=True):
        text = text[: span.start] + parts[span] + text[span.end :]
    return text
