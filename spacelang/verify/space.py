"""The rules for every IR, whether it comes from JSON, from Python or from a pass.

The rules are those of `check`; an IR from a text has passed them already. What `verify` accepts, `printer.to_text` can
write in the language.
"""

from __future__ import annotations

from collections.abc import Iterable

from spacelang import ir
from spacelang.check import check
from spacelang.report.diagnostics import Diagnostic, Report, Severity
from spacelang.verify.declared import declared
from spacelang.verify.form import Finding, form, stale
from spacelang.verify.places import Places

VERIFIED = "_verified"
"""A mark in the `__dict__` of an IR that is known to be right; `replace` makes an IR without it."""


def mark_verified(space: ir.SearchSpace) -> ir.SearchSpace:
    """Notes that an IR comes from declarations that were checked."""
    space.__dict__[VERIFIED] = True
    return space


def verify(space: ir.SearchSpace) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with an IR, each with its path in the JSON; empty for a valid one."""
    if space.__dict__.get(VERIFIED):
        return ()
    wrong = _said(form(space)) or _checked(space) or _said(stale(space))
    if not wrong:
        mark_verified(space)
    return wrong


def _said(findings: Iterable[Finding]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(code, message, path=path) for code, path, message in dict.fromkeys(findings))


def _checked(space: ir.SearchSpace) -> tuple[Diagnostic, ...]:
    """What `check` says, with paths instead of spans."""
    places, report = Places(space, "ir.json"), Report()
    check(declared(space, places, report), report)
    return tuple(
        Diagnostic(each.code, each.message, help=each.help, path=places.path(each.span) if each.span else "")
        for each in report.sorted()
        if each.severity is Severity.ERROR
    )
