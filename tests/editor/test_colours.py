"""The Pygments lexer: every text is coloured, and every word of the schema as what it is."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Token

from spacelang.editor.colours import KINDS, SpaceLexer
from spacelang.editor.words import words
from spacelang.language.schema import SECTIONS, SPACE, STAGE, names

ROOT = Path(__file__).parents[2]
TEXTS = [*sorted((ROOT / "specs").glob("*.space")), ROOT / "spacelang" / "std" / "blocks.space"]


def test_every_kind_of_word_has_a_colour() -> None:
    assert set(KINDS) == set(words())


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_the_texts_of_the_repository_are_coloured_whole(path: Path) -> None:
    text = path.read_text()
    tokens = list(SpaceLexer().get_tokens(text))
    assert "".join(value for _, value in tokens) == text
    assert not [value for kind, value in tokens if kind in Error]


def test_words_have_the_colour_of_their_meaning() -> None:
    found = {value: kind for kind, value in SpaceLexer().get_tokens("device d { threads 1, act relu } # x\n")}
    assert found["device"] is Keyword.Declaration
    assert found["d"] is Name
    assert found["threads"] is Name.Attribute
    assert found["relu"] is Keyword.Constant
    assert found["# x"] is Comment.Single


def test_no_property_is_an_ordinary_name() -> None:
    for name in (*names(SPACE), *names(STAGE), *(each for table in SECTIONS.values() for each in names(table))):
        ((kind, _), *_) = SpaceLexer().get_tokens(name)
        assert kind not in (Name, Token), name


def test_the_entry_point_names_the_lexer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (place,) = project["entry-points"]["pygments.lexers"].values()
    module, _, name = place.partition(":")
    assert getattr(import_module(module), name) is SpaceLexer
