"""What tests of the syntax share: parsing, and trees without places, to compare."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from spacelang import syntax
from spacelang.report.diagnostics import Report
from spacelang.report.source import Source, Span
from spacelang.syntax.parse import parse

PIPELINES = ("block", "head")


def parsed(text: str) -> syntax.File:
    """The tree of a text without errors."""
    report = Report()
    file = parse(Source("test.space", text), report)
    assert not report.diagnostics, report.diagnostics
    return file


def errors(text: str) -> list[str]:
    """`line:column CODE message | help`, in the order of the text."""
    report = Report()
    parse(Source("test.space", text), report)
    found = []
    for each in report.sorted():
        assert each.span is not None
        mend = f" | {each.help}" if each.help else ""
        found.append(f"{each.span.line}:{each.span.column} {each.code} {each.message}{mend}")
    return found


def bare(node: Any) -> Any:
    """A node as nested tuples, without spans, comments and blank lines."""
    if isinstance(node, syntax.File | syntax.Group):
        return (type(node).__name__, bare(node.lines))
    if isinstance(node, syntax.Line):
        return bare(node.phrases)
    if isinstance(node, syntax.Phrase):
        return bare(node.terms)
    if hasattr(node, "span"):
        return (type(node).__name__, *(bare(getattr(node, each)) for each in node._fields if each != "span"))
    if isinstance(node, tuple):
        return tuple(map(bare, node))
    return node


def said(node: Any, owner: str = "") -> Any:
    """As `bare`, but a line break says the same as a comma where it does in the language: outside pipelines."""
    if isinstance(node, syntax.File):
        return [said(line) for line in node.lines]
    if isinstance(node, syntax.Line):
        return [said(phrase) for phrase in node.phrases]
    if isinstance(node, syntax.Phrase):
        first = node.terms[0]
        word = first.text if isinstance(first, syntax.Word) else ""
        return [said(term, word) for term in node.terms]
    if isinstance(node, syntax.PerLayer):
        return ["list", *(said(item, owner) for item in node.items)]
    if isinstance(node, syntax.Group):
        lines = [said(line) for line in node.lines]
        return ["group", *(lines if owner in PIPELINES else [phrase for line in lines for phrase in line])]
    return bare(node)


def retyped(file: syntax.File, chance: random.Random) -> str:
    """The text without comments and blank lines, with other line breaks that say the same."""
    return "\n".join(", ".join(_retyped(phrase, chance) for phrase in line.phrases) for line in file.lines) + "\n"


def _retyped(node: Any, chance: random.Random, owner: str = "") -> str:
    if isinstance(node, syntax.Phrase):
        first = node.terms[0]
        word = first.text if isinstance(first, syntax.Word) else ""
        return " ".join(_retyped(term, chance, word) for term in node.terms)
    if isinstance(node, syntax.PerLayer):
        return "[" + chance.choice(" \n") + ", ".join(_retyped(each, chance, owner) for each in node.items) + "]"
    if not isinstance(node, syntax.Group):
        text = str(node.span.text)
        return text if isinstance(node, syntax.String) else re.sub(r"#[^\n]*\n|\n", " ", text)
    text = ""
    for line in node.lines:
        keeps_commas = owner in PIPELINES or _retyped(line.phrases[0], random.Random(0)).split()[0] == "from"
        texts = [_retyped(phrase, chance) for phrase in line.phrases]
        if keeps_commas:
            text = text.removesuffix(", ").removesuffix("\n") + "\n" + ", ".join(texts) + "\n"
        else:
            text += "".join(each + chance.choice((", ", "\n", ",\n")) for each in texts)
    return "{" + chance.choice(" \n") + text + "}"


def comments(node: Any) -> Iterator[str]:
    """The texts of all comments in a tree."""
    if isinstance(node, syntax.Comment):
        yield node.text
    elif isinstance(node, tuple) and not isinstance(node, Span):
        for each in node:
            yield from comments(each)
