"""The committed tables of the parser are those of the grammar."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacelang.grammar.generate import tables
from tests.conftest import Golden

PARSE = Path(__file__).parents[2] / "spacelang" / "syntax" / "parse"


def test_the_tables_are_those_of_the_grammar(request: pytest.FixtureRequest) -> None:
    Golden(PARSE, request.config.getoption("--update-golden"))(tables(), "tables.py")
