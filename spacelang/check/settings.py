"""Checks of targets, of settings whose domain depends on other settings, and of where a space comes from."""

from __future__ import annotations

from string import hexdigits

from spacelang import ast
from spacelang.check.context import Context
from spacelang.check.values import Rule, numbers
from spacelang.language.schema import TARGETS
from spacelang.report.diagnostics import Label, Report
from spacelang.report.suggest import spelled

KINDS = ("hyperspace", "space", "model")
"""Each kind narrows the one before it."""
HASH_DIGITS = 64
CHECKSUM_DIGITS = 16
ENCODING_FORM = 'blocks and widths of the stages, as in `encoding "151122-023231"`'


def check_settings(context: Context) -> None:
    """Reports what is wrong with a space's targets, sections and origin, beyond what each entry on its own shows."""
    space = context.space
    if space.targets is not None:
        rule = Rule("targets", TARGETS[0].domain, whole=False)
        numbers(space.targets.values, rule, context.report)
    for section in space.sections:
        if section.name.text == "quality":
            _quality(section, context)
        elif section.name.text == "evolution":
            _evolution(section, context)
    if space.origin is not None:
        _origin(space.origin, context)


def _entry(section: ast.Section, name: str) -> ast.Entry | None:
    return next((each for each in section.entries if each.name.text == name), None)


def _number(section: ast.Section, name: str) -> ast.Number | None:
    entry = _entry(section, name)
    return entry.values[0] if entry is not None and isinstance(entry.values[0], ast.Number) else None


def _quality(section: ast.Section, context: Context) -> None:
    estimator, penalty = _entry(section, "estimator"), _entry(section, "penalty")
    if estimator is None:
        return
    word = estimator.values[0]
    if penalty is not None and isinstance(word, ast.Name) and word.text == "exact":
        message = "`penalty` looks at the share of samples under a target, and the exact estimator draws none"
        labels = [Label(word.span, "the estimator is declared here")]
        mend = "leave it out, or write `estimator sampled { samples N }`"
        context.report.error("SP0118", message, penalty.name.span, labels=labels, help=mend)
    top, samples = _number(section, "top"), None
    for entry in estimator.entries or ():
        if entry.name.text == "samples" and isinstance(entry.values[0], ast.Number):
            samples = entry.values[0]
    _at_most("top", top, "samples", samples, context)


def _evolution(section: ast.Section, context: Context) -> None:
    population = _number(section, "population")
    _at_most("sample", _number(section, "sample"), "population", population, context)
    _at_most("population", population, "spaces", _number(section, "spaces"), context)


def _at_most(name: str, small: ast.Number | None, other: str, large: ast.Number | None, context: Context) -> None:
    if small is None or large is None or small.value <= large.value:
        return
    message = f"`{name}` is {spelled(small.value)}, more than `{other}`"
    labels = [Label(large.span, f"`{other}` is declared here")]
    context.report.error(
        "SP0318", message, small.span, labels=labels, help=f"legal here: at most {spelled(large.value)}"
    )


def _origin(origin: ast.Origin, context: Context) -> None:
    report, kind = context.report, context.space.kind
    if KINDS.index(origin.kind.text) > KINDS.index(kind):
        message = f"a {kind} can't come from a {origin.kind.text}, which is narrower"
        report.error(
            "SP0119", message, origin.kind.span, help=f"legal here: {' or '.join(KINDS[: KINDS.index(kind) + 1])}"
        )
    sha256, encoding = origin.sha256, origin.encoding
    _digits(sha256, HASH_DIGITS, "a SHA-256", report)
    _digits(origin.checksum, CHECKSUM_DIGITS, "a checksum", report)
    if encoding is not None:
        _encoding(encoding, context)


def _digits(text: ast.Text | None, count: int, what: str, report: Report) -> None:
    if text is not None and not (len(text.value) == count and set(text.value) <= set(hexdigits.lower())):
        mend = f"write its {count} digits 0-9 and a-f; there are {len(text.value)} characters here"
        report.error("SP0119", f"this isn't {what}", text.span, help=mend)


def _encoding(encoding: ast.Text, context: Context) -> None:
    blocks, _, widths = encoding.value.replace("_", "-").partition("-")
    stages = len(context.space.stages)
    if not all(each.isascii() and each.isalnum() and each == each.lower() for each in (blocks, widths)):
        context.report.error("SP0119", "this isn't an encoding", encoding.span, help=f"write {ENCODING_FORM}")
    elif stages and (len(blocks), len(widths)) != (stages, stages):
        message = f"this encoding has {len(blocks)} blocks and {len(widths)} widths for {stages} stages"
        context.report.error("SP0119", message, encoding.span, help=f"write {ENCODING_FORM}, one digit for each stage")
