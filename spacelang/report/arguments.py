"""Checks the arguments of public functions: a value of the wrong kind is refused with a diagnostic."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping
from numbers import Integral, Real
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
    "Sequence[Architecture]": "a list of architectures",
    "Sequence[int]": "a list of whole numbers",
    "tuple[LatencyEstimator, LatencyEstimator]": "a pair of estimators",
}
"""The kinds of arguments that are checked; a parameter that may also be of another kind isn't."""


LONGEST_NAME = 255
"""The most bytes that a file's name may have, on every system that matters."""


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
                if "PathLike[str]" in kinds[name] and value is not None:
                    _check_path(function.__name__, name, os.fspath(value))
        return function(*arguments, **named)

    return call  # type: ignore[return-value]


def _kinds(annotation: str) -> tuple[str, ...]:
    """The alternatives of an annotation, without their modules; none if one of them isn't checked."""
    kinds = tuple(re.sub(r"\w+\.", "", each.strip()) for each in annotation.split("|"))
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
            return isinstance(value, Integral) and not isinstance(value, bool)
        case "float":
            return isinstance(value, Real) and not isinstance(value, bool)
        case "Path" | "PathLike[str]":
            return isinstance(value, os.PathLike)
        case "tuple[LatencyEstimator, LatencyEstimator]":
            return isinstance(value, tuple) and len(value) == 2 and all(hasattr(each, "label") for each in value)
    if kind.startswith("Sequence["):
        if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
            return False
        return all(_is(each, kind[len("Sequence[") : -1]) for each in value)
    return any(each.__name__ == kind for each in type(value).__mro__)


def can_be_path(path: str) -> bool:
    """Whether a file can have this name."""
    return (
        bool(path) and "\0" not in path and all(len(os.fsencode(each)) <= LONGEST_NAME for each in path.split(os.sep))
    )


def _check_path(function: str, parameter: str, path: str) -> None:
    """Raises: SpacelangError: SP1010: if no file can have this name."""
    if not can_be_path(path):
        refuse("SP1010", f"`{parameter}` of `spacelang.{function}` is a path, and no file can be called {_shown(path)}")


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
