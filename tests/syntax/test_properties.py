"""What holds for every text: formatting says the same, keeps comments and is final; nothing raises or takes long."""

from __future__ import annotations

import random
import re
from time import process_time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spacelang.report.diagnostics import Report
from spacelang.report.source import Source
from spacelang.syntax.format import format_file
from spacelang.syntax.parse import parse
from spacelang.syntax.parse.lexing import scan
from tests.syntax.texts import EXAMPLES, TEXTS, mutated, specs
from tests.syntax.trees import comments, parsed, retyped, said


def check_format(text: str) -> None:
    tree = parsed(text)
    result = format_file(tree)
    again = parsed(result)
    assert said(again) == said(tree)
    assert sorted(comments(again)) == sorted(comments(tree))
    assert format_file(again) == result


def check_any(text: str) -> None:
    """Whatever the text: there are errors, or it can be formatted."""
    report = Report()
    file = parse(Source("fuzz", text), report)
    format_file(file)
    for each in report.sorted():
        assert each.span is not None
        assert 0 <= each.span.start <= each.span.end <= len(text)
    if not report.diagnostics:
        check_format(text)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_formatting_generated_texts(text: str) -> None:
    check_format(text)


@given(TEXTS, st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_there_is_one_form_whatever_the_line_breaks_were(text: str, seed: int) -> None:
    assume(not re.search(r",[ \t]*from\b", text))  # it belongs at the start of a line, from where it takes all of it
    check_one_form(text, seed)


@pytest.mark.parametrize("text", [*EXAMPLES, *specs()])
def test_the_specs_have_one_form(text: str) -> None:
    check_one_form(text, 0)


def check_one_form(text: str, seed: int) -> None:
    chance = random.Random(seed)
    tree = parsed(text)
    typed = [parsed(retyped(tree, chance)) for _ in range(2)]
    assert said(typed[0]) == said(tree)
    assert format_file(typed[0]) == format_file(typed[1])


@pytest.mark.parametrize("text", [*EXAMPLES, *specs()])
def test_formatting_what_comes_with_the_project(text: str) -> None:
    check_format(text)


def fuzz(seeds: list[str], count: int, slowest: float) -> None:
    chance = random.Random(0)
    for _ in range(count):
        text = mutated(chance.choice(seeds), chance)
        start = process_time()
        try:
            check_any(text)
        except BaseException as error:
            raise AssertionError(f"{error!r} of {text!r}") from error
        assert process_time() - start < slowest, text


def test_no_mutated_example_crashes_the_parser() -> None:
    fuzz(list(EXAMPLES), 3000, slowest=1)


@pytest.mark.slow
def test_no_mutated_spec_crashes_the_parser() -> None:
    fuzz([*EXAMPLES, *specs()], 100_000, slowest=2)


def commented(text: str, chance: random.Random) -> tuple[str, list[str]]:
    """A text with comments wherever a line may break, and these comments."""
    tokens = scan(Source("seed", text))
    held = [(each.start, each.end) for each in tokens if each.type == "COMMENT"]
    places = [each.end for each in tokens if each.type in ("LBRACE", "LPAR", "LSQB") or each.text == ","]
    places += [at for at, char in enumerate(text) if char == "\n"] + [0]
    free = [each for each in places if not any(start < each <= end for start, end in held)]
    added: list[str] = []
    for at in sorted(chance.sample(free, min(len(free), chance.randrange(1, 12))), reverse=True):
        added.append(f"# größe {len(added)} !")
        text = text[:at] + chance.choice((f" {added[-1]}\n", f"\n\n\n  {added[-1]}\n\n")) + text[at:]
    return text, added


def check_comments(count: int, seed: int) -> None:
    chance = random.Random(seed)
    seeds = [*EXAMPLES, *specs()]
    for _ in range(count):
        text, added = commented(chance.choice(seeds), chance)
        check_format(text)
        result = format_file(parsed(text))
        assert [result.count(f"{each}\n") for each in added] == [1] * len(added), text
        assert format_file(parsed(text.replace("\n", "\r\n"))) == result


def test_comments_anywhere_are_kept() -> None:
    check_comments(100, seed=0)


@pytest.mark.slow
def test_comments_anywhere_are_kept_in_two_thousand_texts() -> None:
    check_comments(2000, seed=1)
