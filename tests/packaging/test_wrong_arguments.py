"""Every public function, given things that it can't take, answers with a SpacelangError or does its work."""

from __future__ import annotations

import inspect
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import spacelang
from spacelang.report.diagnostics import SpacelangError
from tests.evolve.synthetic import FIXED, TINY, csv_files, random_table

ANY: Any = spacelang
SPECS = Path(__file__).parents[2] / "specs"
TABLE = random_table(0)
GENOME = spacelang.Genome((1, 1, 1), (0, 0, 0))
SPACE = spacelang.narrow(TINY, GENOME, "one")
NETWORK = spacelang.smallest(SPACE)
MODEL = spacelang.model_of(SPACE, NETWORK, "model")
FOREIGN = spacelang.load(SPECS / "vnni.space")
QUALITY = spacelang.Quality(estimator="exact", top=3)
BARE = replace(TABLE, latencies=None)


def broken(**columns: object) -> spacelang.Table:
    return replace(TABLE, rows=replace(TABLE.rows, **columns))  # type: ignore[arg-type]


def with_latencies(**parts: object) -> spacelang.Table:
    return replace(TABLE, latencies=replace(TABLE.latencies, **parts))  # type: ignore[type-var]


class Lazy:
    """Something that isn't anything a function takes, and says no more than it must."""

    def __repr__(self) -> str:
        return "lazy"


def wrong_values() -> dict[str, Any]:
    text = "tiny"
    return {
        "none": None,
        "true": True,
        "zero": 0,
        "minus one": -1,
        "five": 5,
        "huge": 10**30,
        "fraction": 2.5,
        "nan": math.nan,
        "inf": math.inf,
        "complex": 1j,
        "empty text": "",
        "text": text,
        "nul": "a\0b",
        "long text": "x" * 5000,
        "encoding": "111-000",
        "bytes": b"tiny",
        "path": Path("nowhere.space"),
        "empty list": [],
        "list of numbers": [8, 10],
        "list of one twice": [4.0, 4.0],
        "unsorted list": [6.0, 4.0],
        "list of texts": ["8", "10"],
        "list of nan": [math.nan],
        "list of inf": [math.inf],
        "list of negatives": [-1.0],
        "list of none": [None],
        "list of lists": [[4, 6], [8]],
        "empty tuple": (),
        "set": {4.0, 6.0},
        "dict": {"top": 3},
        "empty dict": {},
        "fixed as texts": {"32": "0.5", "64": "1"},
        "fixed of nan": {32: math.nan, 64: math.inf},
        "fixed of none": {32: None, None: 1.0},
        "generator": (each for each in (4.0, 6.0)),
        "ordered": OrderedDict(a=1),
        "array": np.array([4.0, 6.0]),
        "array of texts": np.array(["a"]),
        "array of two dimensions": np.zeros((2, 2)),
        "array of objects": np.array([None, object()]),
        "numpy integer": np.int64(3),
        "numpy float": np.float32(4.5),
        "numpy text": np.str_("x"),
        "numpy nan": np.float64("nan"),
        "object": Lazy(),
        "class": spacelang.Quality,
        "function": len,
        "module": math,
        "hyperspace": TINY,
        "space": SPACE,
        "model": MODEL,
        "other hyperspace": FOREIGN,
        "genome": GENOME,
        "short genome": spacelang.Genome((1,), (0,)),
        "genome out of range": spacelang.Genome((99, 1, 1), (0, 0, -1)),
        "genome of texts": ANY.Genome("abc", "def"),
        "genome of nothing": ANY.Genome(None, None),
        "architecture": NETWORK,
        "architecture of nothing": ANY.Architecture(*[None] * len(spacelang.Architecture._fields)),
        "foreign architecture": spacelang.smallest(FOREIGN),
        "list of architectures": [NETWORK, "x"],
        "table": TABLE,
        "table without latencies": BARE,
        "table of lists": broken(loss=TABLE.rows.loss.tolist(), width=TABLE.rows.width.tolist()),
        "table of nan": broken(loss=np.full(len(TABLE.rows), math.nan)),
        "table of negatives": broken(loss=-TABLE.rows.loss),
        "table of nothing": broken(loss=None),
        "table of texts": broken(width=np.array(["x"] * len(TABLE.rows.width))),
        "short table": broken(loss=TABLE.rows.loss[:3]),
        "table of a path": replace(TABLE, space="tiny.space"),  # type: ignore[arg-type]
        "table of no rows": replace(TABLE, rows=None),  # type: ignore[arg-type]
        "table of wrong latencies": with_latencies(rows_ms=[1, 2]),
        "table of latency texts": with_latencies(rows_ms="abc"),
        "table of no fixed latency": with_latencies(fixed_ms=None),
        "table of fixed texts": with_latencies(fixed_ms={32: "1", 64: "2"}),
        "table of latencies of a dict": replace(TABLE, latencies={"a": 1}),  # type: ignore[arg-type]
        "rows": TABLE.rows,
        "latencies": TABLE.latencies,
        "quality": QUALITY,
        "quality of nothing": ANY.Quality(estimator=None, top=None),
        "quality of texts": ANY.Quality(estimator="best", top="3"),
        "quality of lists": ANY.Quality(estimator=[], top=[], chain=[]),
        "quality of wrong penalty": ANY.Quality(estimator="sampled", top=1, samples=10, penalty=3),
        "quality of penalty texts": ANY.Quality(
            estimator="sampled", top=1, samples=10, penalty=ANY.Penalty(threshold="a", exponent=None)
        ),
        "limits": spacelang.Limits(mflops=1e6),
        "limits of texts": ANY.Limits(mflops="300"),
        "limits of nan": ANY.Limits(mflops=math.nan),
        "limits of lists": ANY.Limits(memory_mib=[1]),
        "evolution": spacelang.Evolution(population=4, sample=2, spaces=8, seed=0),
        "evolution of texts": ANY.Evolution(population="4", sample=2, spaces=8, seed=0),
        "evolution of nothing": ANY.Evolution(population=None, sample=None, spaces=None, seed=None),
    }


def good_calls(folder: Path) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    """For each function, arguments with which it works."""
    archive = folder / "archive"
    archive.mkdir()
    for name, text in csv_files(TABLE).items():
        (archive / name).write_text(text)
    spacelang.write_table(TABLE, folder / "t.parquet")
    evolution = spacelang.Evolution(population=4, sample=2, spaces=8, seed=0)
    return {
        "architecture_of": ((MODEL,), {}),
        "attach": ((TABLE,), {"device": "cost-model"}),
        "check": ((str(SPECS / "vnni.space"),), {}),
        "compile_to": ((TINY, folder / "build"), {"backends": [], "force": False}),
        "cost": ((SPACE, NETWORK), {}),
        "costs": ((SPACE, [NETWORK]), {}),
        "count_models": ((SPACE,), {}),
        "count_spaces": ((TINY,), {}),
        "decode": ((TINY, "111-000"), {}),
        "diff": ((TINY, FOREIGN), {}),
        "distill": (
            (folder / "none",),
            {"data": None, "teacher": None, "jobs": (), "workers": 1, "accelerator": "cpu"},
        ),
        "doubts": ((TABLE,), {"targets_ms": (4, 6)}),
        "dumps": ((TINY, SPACE), {}),
        "encode": ((GENOME,), {}),
        "evolve": (
            (TINY, TABLE),
            {
                "history": None,
                "resume": False,
                "algorithm": "evolution",
                "targets_ms": (4, 6),
                "quality": QUALITY,
                "limits": None,
                "evolution": evolution,
                "different": None,
                "gap": None,
                "seconds": None,
                "workers": 1,
                "stop": lambda: False,
                "progress": None,
                "improved": None,
            },
        ),
        "format": (("language 1\n",), {}),
        "import_table": ((TINY, archive, FIXED), {"verify": False}),
        "largest": ((TINY,), {}),
        "load": ((SPECS / "vnni.space",), {}),
        "loads": ((spacelang.dumps(TINY),), {"name": None}),
        "locate": ((TINY, SPACE), {}),
        "model_of": ((SPACE, NETWORK, "m"), {}),
        "named": ((SPACE, NETWORK), {}),
        "narrow": ((TINY, GENOME, "n"), {}),
        "predict": ((SPACE,), {"architectures": [NETWORK], "device": "cost-model"}),
        "read_table": ((folder / "t.parquet",), {}),
        "review": ((TINY, FOREIGN), {"estimators": None}),
        "sample": ((SPACE, 2, 0), {}),
        "score": ((GENOME, TABLE, (4, 6), QUALITY, 0), {"limits": None}),
        "search_models": (
            (SPACE, folder / "none", folder / "found"),
            {
                "device": "cost-model",
                "algorithm": "surrogate",
                "targets_ms": (4, 6),
                "models": 4,
                "seed": 0,
                "images": 10,
                "data": None,
                "executor": "local",
                "workers": 1,
                "update": None,
            },
        ),
        "smallest": ((TINY,), {}),
        "solve": (
            (TINY, TABLE, (4, 6), QUALITY, None),
            {
                "limits": None,
                "count": 1,
                "seconds": None,
                "nodes": None,
                "gap": 0.0,
                "stop": lambda: False,
                "improved": None,
            },
        ),
        "train": (
            (SPACE, folder / "run"),
            {"data": "nowhere", "accelerator": "cpu", "workers": 0, "start": None, "keep_every": 0},
        ),
        "write_table": ((TABLE, folder / "out.parquet"), {}),
        "Table.of": ((TINY, TABLE.rows, TABLE.latencies, "made"), {}),
        "Table.attach": ((TABLE, "cpu", np.ones(len(TABLE.rows)), FIXED), {}),
    }


CALLED = {"stop", "progress", "improved", "update"}
"""What a function that one hands over raises is its own affair."""
UNTRIED = {("Table.attach", 0), ("solve", 4)}
"""`self`, and a function."""
WITHOUT_RESULT = {"distill", "search_models", "train"}
"""They need a trained build; here it is enough that nothing gets that far."""
FUNCTIONS = sorted(name for name in spacelang.__all__ if isinstance(getattr(spacelang, name), FunctionType))


def function(name: str) -> Callable[..., Any]:
    methods: dict[str, Callable[..., Any]] = {"Table.of": spacelang.Table.of, "Table.attach": spacelang.Table.attach}
    return methods.get(name) or getattr(ANY, name)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    monkeypatch.chdir(tmp_path)
    return good_calls(tmp_path)


def test_every_public_function_is_tried(calls: dict[str, Any]) -> None:
    assert set(FUNCTIONS) == calls.keys() - {"Table.of", "Table.attach"}
    for name, (positional, named) in calls.items():
        tried = {*list(inspect.signature(function(name)).parameters)[: len(positional)], *named}
        there = set(inspect.signature(function(name)).parameters) - {"progress", "remark"}
        assert there <= tried | {"others"}, name
        if name not in WITHOUT_RESULT:
            function(name)(*positional, **named)


@pytest.mark.parametrize("name", [*FUNCTIONS, "Table.of", "Table.attach"])
def test_wrong_arguments_are_refused_with_a_code(name: str, calls: dict[str, Any]) -> None:
    positional, named = calls[name]
    failures = []
    for place in [*range(len(positional)), *named]:
        for what, value in wrong_values().items():
            if (name, place) in UNTRIED or (place in CALLED and callable(value)):
                continue
            arguments, options = list(positional), dict(named)
            if isinstance(place, int):
                arguments[place] = value
            else:
                options[place] = value
            try:
                function(name)(*arguments, **options)
            except SpacelangError:
                continue
            except Exception as error:
                failures.append(f"{place}, {what}: {type(error).__name__}: {error}"[:150])
    assert not failures, f"{len(failures)}\n" + "\n".join(failures)


SHARED: list[tuple[str, Any]] = [
    *(("targets_ms", each) for each in (8, "8", [], ["8"], [4, 4], [math.nan], [-1], np.array(["a"]), {4: 6}, [None])),
    *(("quality", each) for each in ({"top": 3}, "exact", 3, ANY.Quality(estimator="best", top=3))),
    *(("quality", ANY.Quality(estimator="exact", top=each)) for each in (0, "3", None, 1.5)),
    *(("limits", each) for each in ({"mflops": 3}, 300, ANY.Limits(mflops=-1), ANY.Limits(mflops="3"))),
    *(("table", each) for each in ("t.parquet", Path("t.parquet"), None, "111-000", TINY)),
    *(("table", each) for each in (broken(loss=-TABLE.rows.loss), with_latencies(fixed_ms={32: 1.0}), BARE)),
    *(("space", each) for each in ("111-000", Path("tiny.space"), None, TABLE)),
]


@pytest.mark.parametrize(("name", "value"), SHARED, ids=[f"{name}-{at}" for at, (name, _) in enumerate(SHARED)])
def test_the_same_mistake_is_said_in_the_same_words(name: str, value: Any) -> None:
    evolution = spacelang.Evolution(population=4, sample=2, spaces=8, seed=0)
    said = set()
    for each, space, more in (("solve", TINY, {}), ("evolve", TINY, {"evolution": evolution}), ("score", SPACE, {})):
        arguments = {"space": space, "table": TABLE, "targets_ms": (4, 6), "quality": QUALITY, **more, name: value}
        with pytest.raises(SpacelangError) as error:
            getattr(ANY, each)(**arguments)
        said.add(str(error.value).replace(f"spacelang.{each}", "spacelang.X").replace("a space or a genome", "a space"))
    (message,) = said if name != "space" else list(said)[:1]
    assert message.startswith("error[SP")


def test_targets_may_come_in_any_form_and_order() -> None:
    arguments: dict[str, Any] = {"space": TINY, "table": TABLE, "quality": QUALITY}
    expected = spacelang.solve(**arguments, targets_ms=(4.0, 6.0))
    forms: list[Any] = [[4, 6], np.array([4, 6]), np.array([4, 6], np.float32), [np.float64(4), np.int64(6)]]
    for targets in forms:
        assert spacelang.solve(**arguments, targets_ms=targets) == expected
    backwards = spacelang.solve(**arguments, targets_ms=[6, 4])
    assert backwards.score.total == pytest.approx(expected.score.total)
    assert [each.target_ms for each in backwards.score.targets] == [6, 4]
