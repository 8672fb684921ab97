"""From an IR to a supernet: the generated code is written to a file and imported."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING

from spacelang.backends.protocol import IR_FILE
from spacelang.backends.supernet import backend
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.translate.json import read_json
from spacelang.verify.space import verify

if TYPE_CHECKING:
    from spacelang.ir.nodes import SearchSpace
    from spacelang.nn.structure import Supernet

FILE = "supernet.py"


def build(space: SearchSpace) -> Supernet:
    """The supernet of a space, in training mode and FP32, its weights drawn by torch's generator.

    Raises:
        SpacelangError: if the IR is invalid or has choices that give no network.
    """
    supernet: Supernet = generated_module(space).Supernet()
    return supernet


def generated_module(space: SearchSpace) -> ModuleType:
    """The generated module: `Supernet`, `SPACE_SHA256` and, except of a model, `STUDENTS`.

    Raises:
        SpacelangError: as `build`.
    """
    if wrong := verify(space):
        raise SpacelangError(wrong)
    text = backend.emit(space)[FILE]
    with TemporaryDirectory(prefix="spacelang-") as folder:
        path = Path(folder, FILE)
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(f"spacelang_generated_{space.short_hash}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def read_build(directory: str | os.PathLike[str]) -> SearchSpace:
    """The space that a directory was compiled from, if its supernet is what that space gives.

    Nothing in the directory is run: a supernet is always imported from code generated again from the verified IR.

    Raises:
        SpacelangError: if a file can't be read (SP0212, SP0214), if the IR is invalid (SP09), or if the supernet was
            edited or made by another version (SP0808).
    """
    folder = Path(directory)
    space = read_json(_read(folder / IR_FILE))
    if _read(folder / FILE) != backend.emit(space)[FILE]:
        message = f"{folder / FILE} is not what this spacelang makes of {folder / IR_FILE}"
        refuse("SP0808", message, "compile the space again")
    return space


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        refuse("SP0212", f"there is no file `{path}`", f"spacelang compile SPACE.space -o {path.parent}")
    except UnicodeDecodeError:
        refuse("SP0214", f"`{path}` is not UTF-8", "compile the space again")
    except OSError as error:
        refuse("SP0214", f"`{path}` can't be read: {(error.strerror or str(error)).lower()}")
