"""Checks the arguments of public functions: a value of the wrong kind is refused with a diagnostic."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import listed

Function = TypeVar("Function", bound=Callable[..., Any])

MENDS: Mapping[str, str] = {
    "SearchSpace": "`spacelang.load(PATH)` reads one from a file, `spacelang.loads(TEXT)` from a text",
    "Genome": "`spacelang.decode(hyperspace, ENCODING)` makes one from an encoding",
    "Table": "`spacelang.read_table(PATH)` reads one from a file",
    "Architecture": "`spacelang.sample(space, 1, seed=0)` draws one; `spacelang.architecture_of(model)` is a model's",
}
WORDS: Mapping[str, str] = {
    "SearchSpace": "a space",
    "Genome": "a genome",
    "Table": "a table",
    "Architecture": "an architecture",
    "str": "a text",
    "int": "a whole number",
    "bool": "True or False",
    "float": "a number",
    "Path": "a path",
    "PathLike[str]": "a path",
    "None": "None",
}
"""The kinds of arguments that are checked; a parameter that may also be of another kind isn't."""


def checked(function: Function) -> Function:
    """The function, refusing arguments that don't have the kinds in its signature.

    Raises:
        SpacelangError: SP1010.
    """
    signature = inspect.signature(function)
    kinds = {name: _kinds(str(each.annotation)) for name, each in signature.parameters.items()}

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        for name, given in signature.bind(*arguments, **named).arguments.items():
            several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            for value in given if several else (given,):
                if kinds[name] and not any(_is(value, kind) for kind in kinds[name]):
                    _refuse(function.__name__, name, value, kinds[name])
        return function(*arguments, **named)

    return call  # type: ignore[return-value]


def _kinds(annotation: str) -> tuple[str, ...]:
    """The alternatives of an annotation, without their modules; none if one of them isn't checked."""
    kinds = tuple(each.strip().rpartition(".")[2] for each in annotation.split("|"))
    return kinds if all(each in WORDS for each in kinds) else ()


def _is(value: object, kind: str) -> bool:
    match kind:
        case "None":
            return value is None
        case "bool":
            return isinstance(value, bool)
        case "str":
            return isinstance(value, str)
        case "int":
            return hasattr(value, "__index__") and not isinstance(value, bool)
        case "float":
            return hasattr(value, "__float__") and not isinstance(value, bool)
        case "Path" | "PathLike[str]":
            return isinstance(value, os.PathLike)
    return any(each.__name__ == kind for each in type(value).__mro__)


def _refuse(function: str, parameter: str, value: object, kinds: tuple[str, ...]) -> None:
    wanted = listed(dict.fromkeys(WORDS[each] for each in kinds if each != "None"))
    mends = [MENDS[each] for each in kinds if each in MENDS]
    refuse("SP1010", f"`{parameter}` of `spacelang.{function}` is {wanted}, not {_shown(value)}", "; ".join(mends))


def _shown(value: object) -> str:
    """A value in a few words: texts, paths and numbers as they are, anything else by its type."""
    if isinstance(value, str | int | float | os.PathLike) and len(repr(value)) <= 60:
        return f"`{value!r}`"
    kind = type(value).__name__
    return WORDS.get(kind, f"a value of type `{kind}`")
