"""Lark's parser for the grammar, its tables cached in a private folder of the user.

Computing the tables takes longer than everything else that `spacelang check` does. The cache is Lark's own serialised
form as JSON, never a pickle: reading it can't run code. It is used only if it and its folder belong to the user and
nobody else can write them; if anything is wrong with it, the tables are computed anew and, where possible, written.
What serves for storing is no public part of Lark: where a version of Lark lacks it, there is no cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import lark
import platformdirs

from spacelang.files import write_atomic
from spacelang.grammar import grammar_text

_UNSTORED = frozenset({"transformer", "postlex", "lexer_callbacks", "edit_terminals", "_plugins", "tree_class"})
"""Options of Lark that are objects; those needed are given again when tables are loaded."""

_NO_CACHE = (OSError, ImportError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What is raised where the cache can't be read or written, is damaged, or Lark's own form of tables has changed."""


def load_parser(callbacks: object) -> lark.Lark:
    """The parser for `space.lark`, which calls the methods of `callbacks` with what it recognises."""
    grammar = grammar_text()
    path = _cache_path(grammar)
    if path is not None:
        with suppress(*_NO_CACHE):
            return _from_text(_read_private(path), callbacks)
    parser = lark.Lark(grammar, parser="lalr", lexer="basic", start="file", transformer=callbacks)
    if path is not None:
        with suppress(*_NO_CACHE):
            write_atomic(path, _to_text(parser))
    return parser


def token_pattern(parser: lark.Lark) -> re.Pattern[str]:
    """One pattern for all terminals, each a named group, in the order in which Lark's own lexer tries them."""
    terminals = sorted(
        parser.terminals,
        key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value), each.name),
    )
    return re.compile("|".join(f"(?P<{each.name}>{each.pattern.to_regexp()})" for each in terminals))


def _cache_path(grammar: str) -> Path | None:
    """Where the tables of this grammar belong, None where there is no folder that only the user can write to."""
    key = hashlib.sha256(f"{lark.__version__}\n{grammar}".encode()).hexdigest()[:16]
    try:
        folder = Path(platformdirs.user_cache_dir("spacelang", appauthor=False))
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"grammar-{key}.json" if _private(folder.lstat()) else None
    except (OSError, RuntimeError):  # RuntimeError: the user has no home folder
        return None


def _private(status: os.stat_result) -> bool:
    """Whether a file or folder is the user's own and nobody else's to change.

    Systems without `getuid` keep the folders of users apart themselves.
    """
    if stat.S_ISLNK(status.st_mode):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def _read_private(path: Path) -> str:
    """Raises: OSError: if it can't be read, or isn't the user's own."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with open(descriptor, encoding="utf-8") as file:
        if not _private(os.fstat(file.fileno())):
            raise PermissionError(path)
        return file.read()


def _to_text(parser: lark.Lark) -> str:
    """A checksum in the first line, the tables as JSON in the second."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"] = {name: value for name, value in data["options"].items() if name not in _UNSTORED}
    tables = json.dumps({"data": data, "memo": memo}, separators=(",", ":"))
    return f"{_checksum(tables)}\n{tables}\n"


def _from_text(text: str, callbacks: object) -> lark.Lark:
    checksum, tables, _ = text.split("\n")
    if checksum != _checksum(tables):
        raise ValueError("the cache is damaged")
    stored = json.loads(tables, object_hook=_with_int_keys)
    load: Callable[..., lark.Lark] = lark.Lark._load_from_dict
    return load(stored["data"], stored["memo"], transformer=callbacks)


def _with_int_keys(value: dict[str, Any]) -> dict[Any, Any]:
    """JSON has no integer keys; in Lark's tables, keys are all integers or all names."""
    return {int(key): each for key, each in value.items()} if all(map(str.isdigit, value)) else value


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
