"""`import spacelang`: every public name is there, and stays what it is."""

from __future__ import annotations

import ast
import inspect
import operator
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import setuptools

import spacelang
from spacelang import ir

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "specs" / "spaceevo_vnni.space"
VNNI = ROOT / "specs" / "vnni.space"


@pytest.mark.parametrize("name", spacelang.__all__)
def test_every_public_name_is_a_documented_function_or_class(name: str) -> None:
    value = getattr(spacelang, name)
    assert inspect.isfunction(value) or inspect.isclass(value)
    assert value.__doc__
    assert name in dir(spacelang)


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse((ROOT / "spacelang" / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {
        (alias.name, node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert typed == {(name, module) for name, module in spacelang._MODULE_OF.items()}
    assert sorted(name for name, _ in typed) == sorted(spacelang.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'loda'"):
        operator.attrgetter("loda")(spacelang)


@pytest.mark.parametrize("name", ["check", "evolve"])
def test_a_module_of_the_same_name_does_not_hide_a_function(name: str) -> None:
    code = f"import spacelang.{name}, spacelang; assert callable(spacelang.{name}), spacelang.{name}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_texts_and_spaces() -> None:
    space = spacelang.load(SPEC)
    text = spacelang.dumps(space)
    assert spacelang.loads(text) == space
    assert spacelang.format(text) == text
    assert spacelang.check(SPEC) == ()
    assert spacelang.diff(space, space) == ()


def test_wrong_input_raises_one_error_with_all_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "bad.space"
    path.write_text("language 1\ndevice d { threds 1 }\nmodle m {}\n")
    found = spacelang.check(path)
    assert len(found) >= 2
    with pytest.raises(spacelang.SpacelangError) as error:
        spacelang.load(path)
    assert {each.code for each in found} == {each.code for each in error.value.diagnostics}
    assert [each.code for each in spacelang.check(tmp_path / "none.space")] == ["SP0212"]
    with pytest.raises(spacelang.SpacelangError):
        spacelang.format("{")


def test_a_model_and_its_cost() -> None:
    space = spacelang.load(SPEC)
    (architecture,) = spacelang.sample(space, 1, seed=0)
    model = spacelang.model_of(space, architecture, "drawn")
    assert spacelang.architecture_of(model) == architecture
    layers = spacelang.cost(space, architecture)
    assert sum(each.cost.macs for each in layers) > 0


def test_what_no_text_can_say_is_not_printed() -> None:
    space = ir.replace(spacelang.load(ROOT / "specs" / "digits.space"), name="two words")
    with pytest.raises(spacelang.SpacelangError, match="SP0904.*'two words' is not a name"):
        spacelang.dumps(space)


ANY: Any = spacelang
WRONG: list[tuple[Callable[[], object], str]] = [
    (
        lambda: ANY.cost("specs/vnni.space", None),
        "`space` of `spacelang.cost` is a space, not `'specs/vnni.space'`",
    ),
    (lambda: ANY.cost(spacelang.load(SPEC), "x"), "`architecture` of `spacelang.cost` is an architecture"),
    (
        lambda: ANY.narrow(spacelang.load(VNNI), "151122-023231", "n"),
        "`genome` of `spacelang.narrow` is a genome",
    ),
    (lambda: ANY.decode(Path("a.space"), "0-0"), "`hyperspace` of `spacelang.decode` is a space"),
    (lambda: ANY.decode(spacelang.load(VNNI), 5), "`text` of `spacelang.decode` is a text, not `5`"),
    (lambda: ANY.load(None), "`path` of `spacelang.load` is a text or a path"),
    (lambda: ANY.sample(spacelang.load(SPEC), "3", 0), "`count` of `spacelang.sample` is a whole number"),
    (lambda: ANY.solve(spacelang.load(VNNI), "t.parquet"), "`table` of `spacelang.solve` is a table"),
    (lambda: ANY.score("151122-023231", "t.parquet"), "`space` of `spacelang.score` is a space or a genome"),
    (lambda: ANY.dumps(spacelang.load(SPEC), "x"), "`others` of `spacelang.dumps` is a space"),
    (lambda: ANY.diff(spacelang.load(SPEC), SPEC), "`after` of `spacelang.diff` is a space"),
    (lambda: ANY.compile_to(SPEC, "build"), "`space` of `spacelang.compile_to` is a space"),
    (lambda: ANY.predict(SPEC), "`space` of `spacelang.predict` is a space"),
    (lambda: ANY.attach("t.parquet"), "`table` of `spacelang.attach` is a table"),
    (lambda: ANY.train(SPEC, "run"), "`space` of `spacelang.train` is a space"),
    (lambda: ANY.check(3), "`path` of `spacelang.check` is a text or a path, not `3`"),
]


@pytest.mark.parametrize(("call", "message"), WRONG, ids=[message.split("`")[3] for _, message in WRONG])
def test_an_argument_of_another_kind_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(spacelang.SpacelangError, match="SP1010") as error:
        call()
    assert message in str(error.value)


def test_the_ends_of_a_hyperspace_are_networks_of_it() -> None:
    hyperspace = spacelang.load(VNNI)
    macs = [
        sum(each.cost.macs for each in spacelang.cost(hyperspace, network))
        for network in (
            spacelang.smallest(hyperspace),
            *spacelang.sample(hyperspace, 40, 1),
            spacelang.largest(hyperspace),
        )
    ]
    assert macs[0] == min(macs)
    assert macs[-1] == max(macs)


def test_a_prediction_says_what_the_command_says() -> None:
    model = spacelang.load(ROOT / "specs" / "seqnet_vnni_a0.space")
    found = spacelang.predict(model, device="cost-model")
    assert found.ms.shape == found.border_ms.shape == (1,)
    assert 0 < sum(each[0] for each in found.by_kind.values()) < found.ms[0]
    two = spacelang.predict(spacelang.load(VNNI), device="cost-model")
    assert 0 < two.ms[0] < two.ms[1]
    with pytest.raises(spacelang.SpacelangError, match="SP1607"):
        spacelang.predict(model, device="nobody")


@pytest.mark.slow
def test_strict_mypy_finds_the_types_in_an_editable_install(tmp_path: Path) -> None:
    """A checkout in an environment of its own, as `pip install -e .` puts it there."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".*", "tests", "build", "*.egg-info", "docs")
    shutil.copytree(ROOT, checkout, symlinks=True, ignore=ignored)
    build = {**os.environ, "PYTHONPATH": str(Path(setuptools.__file__).parents[1])}
    install = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."]
    subprocess.run(install, cwd=checkout, check=True, env=build)
    user = tmp_path / "user.py"
    user.write_text(
        "import spacelang\n\nspace: spacelang.SearchSpace = spacelang.load('a.space')\n"
        "reveal_type(spacelang.smallest(space))\nspacelang.cost('a.space')\n"
    )
    options = ["--strict", "--cache-dir", os.devnull, "--python-executable", str(python)]
    alone = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    mypy = [sys.executable, "-m", "mypy", *options, user.name]
    run = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, env=alone)
    assert "Architecture" in run.stdout
    assert 'incompatible type "str"; expected "SearchSpace"' in run.stdout
    assert "import-untyped" not in run.stdout
    assert "import-not-found" not in run.stdout
