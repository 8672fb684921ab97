"""Texts with something wrong through the whole pipeline: what comes of one are errors, or spaces that can be printed.

Also defines the work of other processes, so it doesn't import pytest.
"""

from __future__ import annotations

import random
import re
import resource
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path

from spacelang import ir
from spacelang.api import dumps, format
from spacelang.driver import compile_source
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.report.render import Format, render
from spacelang.report.source import Source
from spacelang.translate.json import read_json
from tests.check.frame import program
from tests.syntax.texts import ROOT, mutated, specs

SECONDS = 5.0
"""Of this process, that one text may take."""
BYTES = 2 << 30
"""Of address space, that a process of its own may take."""

TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*|[0-9]+(?:\.[0-9]+)?|\.\.|->|[=!<>]=|#[^\n]*|\n|[^\S\n]+|.')
NUMBERS = ("0", "1", "2", "3", "7", "8", "16", "40", "99", "0.5", "1.0", "1000001", "9" * 18, "1e308", "1e-300")


@cache
def good_programs() -> tuple[str, ...]:
    return tuple(specs())


@cache
def bad_programs() -> tuple[str, ...]:
    paths = sorted((ROOT / "tests" / "check" / "bad").glob("*.space"))
    return tuple(program(path.read_text(encoding="utf-8")) for path in paths)


@cache
def tokens_of_kinds() -> Mapping[str, Sequence[str]]:
    """The words, values and signs that the specs and bad programs are made of, by kind."""
    tokens = set(chain.from_iterable(map(TOKEN.findall, (*good_programs(), *bad_programs()))))
    kinds: dict[str, list[str]] = {}
    for each in (*NUMBERS, *sorted(tokens)):
        kinds.setdefault(kind(each), []).append(each)
    return kinds


def kind(token: str) -> str:
    if token[0].isdigit():
        return "number"
    if token[0].isalpha():
        return "word"
    return "silent" if token.isspace() or token[0] == "#" else "sign"


def any_text(chance: random.Random) -> str:
    text = chance.choice(chance.choice((good_programs(), bad_programs())))
    return mutated(text, chance) if chance.random() < 0.3 else misspelt(text, chance)


def misspelt(text: str, chance: random.Random) -> str:
    """A text with one to three tokens or lines exchanged, left out, repeated or put in."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        if chance.random() < 0.8:
            tokens = TOKEN.findall(text)
            places = [at for at, each in enumerate(tokens) if kind(each) != "silent"]
            at = chance.choice(places or [0])
            like = kind(tokens[at]) if tokens and chance.random() < 0.8 else chance.choice(("number", "word", "sign"))
            _change(tokens, at, chance.choice(tokens_of_kinds()[like]), chance)
            text = "".join(tokens)
        else:
            lines = text.splitlines(keepends=True)
            others = chance.choice(good_programs()).splitlines(keepends=True)
            _change(lines, chance.randrange(len(lines) or 1), chance.choice(others), chance)
            text = "".join(lines)
    return text


def _change(parts: list[str], at: int, new: str, chance: random.Random) -> None:
    match chance.randrange(6):
        case 0:
            del parts[at : at + 1]
        case 1:
            parts[at:at] = parts[at : at + 1] * chance.choice((1, 1, 50))
        case 2:
            parts.insert(at, new)
        case _:
            parts[at : at + 1] = [new]


def check_pipeline(text: str) -> None:
    """Errors that can be shown, or spaces that survive formatting, printing and JSON."""
    path = ROOT / "specs" / "fuzz.space"
    try:
        spaces = compile_source(Source("fuzz.space", text), path)
    except SpacelangError as error:
        check_errors(error.diagnostics)
    else:
        assert compile_source(Source("fuzz.space", format(text)), path) == spaces
        for space in spaces:
            check_space(space)


def check_errors(diagnostics: Sequence[Diagnostic]) -> None:
    assert not any(each.code.startswith("SP09") for each in diagnostics), "a wrong IR was made"
    for kind in Format:
        assert render(diagnostics, kind)


def check_space(space: ir.SearchSpace) -> None:
    printed = dumps(space)
    assert compile_source(Source("printed.space", printed), Path("printed.space")) == (space,)
    assert format(printed) == printed
    assert read_json(ir.to_json(space)) == space


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def failures(seed: int, count: int) -> list[str]:
    """What went wrong with `count` texts, and with which."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        text = any_text(chance)
        try:
            with _limited():
                check_pipeline(text)
        except Exception as error:
            found.append(f"{error!r:.2000}\n{text!r}")
    return found


def bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
