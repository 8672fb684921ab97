"""`import spacelang`: every public name is there, and stays what it is."""

from __future__ import annotations

import ast
import inspect
import operator
import subprocess
import sys
from pathlib import Path

import pytest

import spacelang
from spacelang import ir

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "specs" / "spaceevo_vnni.space"


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
