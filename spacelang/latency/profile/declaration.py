"""The proposed `device`, in the language."""

from __future__ import annotations

import re

from spacelang.latency.profile.results import BADLY, Results
from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import listed

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A word of the grammar."""
COMMENT_COLUMNS = 98


def check_name(name: str) -> None:
    """Raises: SpacelangError: SP1801: if a device can't have this name."""
    if not NAME.fullmatch(name):
        refuse("SP1801", f"a device can't be named `{name}`", "a name has letters, digits and _; no digit comes first")


def declaration(found: Results) -> str | None:
    """A complete text that declares the device; None if the measurements gave no width rule."""
    if found.rule.multiple is None:
        return None
    remarks = [found.fingerprint.describe(), f"Width rule: confidence {found.rule.confidence:.0%}."]
    bad = [f"{each.name} (id {each.id}, {each.speedup:.2f} times)" for each in found.blocks if each.runs_badly]
    if bad:
        remarks.append(f"INT8 is less than {BADLY:g} times as fast as FP32 here in {listed(bad, 'and')}.")
    comments = "".join(f"# {line}\n" for remark in remarks for line in _lines(remark))
    return (
        f"language 1\n\n{comments}device {found.name} {{\n  runtime   {found.fingerprint.runtime}\n  precision int8\n"
        f"  threads   {found.fingerprint.threads}\n  widths    multiple of {found.rule.multiple}\n}}\n"
    )


def _lines(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, COMMENT_COLUMNS, break_on_hyphens=False)
