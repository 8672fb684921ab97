"""A file and everything that it imports.

`import "std/…"` takes a module of the package's own library. Any other path is relative to the folder of the file that
imports it, and may climb with `..`, so that projects can share files. Absolute paths are refused: a text that names a
place on one machine can't be read on another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISREG
from types import MappingProxyType
from typing import TypeVar

from spacelang import ast
from spacelang.ast.read import read
from spacelang.language import limits
from spacelang.report.diagnostics import Diagnostic, Report
from spacelang.report.mend import Mend
from spacelang.report.source import Source, Span
from spacelang.report.suggest import did_you_mean
from spacelang.syntax.parse import parse

STD = "std/"
_STD_FOLDER = Path(__file__).parents[1] / "std"
Declaration = TypeVar("Declaration", ast.Block, ast.Device, ast.Space)


class Program:
    """A main file and what it imports, directly or not; all names of all files are visible.

    Attributes:
        main: the file itself.
        modules: all files, imports before those that import them, `main` last.
        imported: for each module (by the name of its source) the modules that its import lines name, in order; None for
            an import that could not be loaded.
        complete: whether every file could be loaded and parsed, so that an unknown name isn't declared anywhere.
    """

    def __init__(
        self,
        main: ast.Module,
        modules: tuple[ast.Module, ...],
        imported: Mapping[str, tuple[ast.Module | None, ...]],
        complete: bool,
    ) -> None:
        self.main = main
        self.modules = modules
        self.imported = imported
        self.complete = complete

    @cached_property
    def blocks(self) -> Mapping[str, ast.Block]:
        return _first_of_each(each for module in self.modules for each in module.blocks)

    @cached_property
    def devices(self) -> Mapping[str, ast.Device]:
        return _first_of_each(each for module in self.modules for each in module.devices)

    @cached_property
    def spaces(self) -> Mapping[str, ast.Space]:
        return _first_of_each(each for module in self.modules for each in module.spaces)

    @property
    def own_spaces(self) -> tuple[ast.Space, ...]:
        """The spaces that the main file declares."""
        return self.main.spaces


def _first_of_each(declarations: Iterable[Declaration]) -> Mapping[str, Declaration]:
    found: dict[str, Declaration] = {}
    for each in declarations:
        found.setdefault(each.name.text, each)
    return MappingProxyType(found)


class Reader:
    """Where the loader gets its texts and modules. An editor's reader has unsaved texts and keeps what it has read."""

    def source(self, path: Path, name: str, report: Report, span: Span) -> Source | None:
        """The text that an import at `span` asks for; None if there is no such text, which is reported."""
        return open_source(path, name, report, span)

    def module(self, source: Source, report: Report) -> ast.Module:
        return read(parse(source, report), report)


def load_program(source: Source, path: Path | None, report: Report, reader: Reader | None = None) -> Program:
    """Parses and reads a text and its imports; what is wrong with an import is reported at its line.

    Args:
        path: where `source` was read from; None for a text that isn't in a file, whose imports are relative to the
            current folder.
        reader: where texts come from, if not from files alone.
    """
    loader = _Loader(report, reader or Reader())
    key = None if path is None else os.path.realpath(path)
    main = loader.module(source, key, Path() if path is None else path.parent)
    syntax_is_right = not any(each.code.startswith("SP00") for each in report.diagnostics)
    return Program(main, tuple(loader.modules), loader.imported, loader.complete and syntax_is_right)


def open_source(path: Path, name: str, report: Report, span: Span | None = None) -> Source | None:
    """The text of a file; None if it can't be read, which is reported at `span`."""
    try:
        return Source(name, _text(path, name))
    except _Unreadable as problem:
        folder = "" if span is None else span.text.strip('"').rpartition("/")
        report.error(problem.code, str(problem), span, help=_in_quotes(problem.help, "".join(folder[:2])))
        return None


def _in_quotes(help: str, folder: str = "") -> str:
    """A help text whose edits are paths in quotes, as in an import line."""
    if not isinstance(help, Mend):
        return help
    return Mend(help, [each._replace(text=f'"{folder}{each.text}"') for each in help.edits], sure=help.sure)


class _Unreadable(Exception):
    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.help = help


def _text(path: Path, name: str) -> str:
    try:
        mode, size = (found := path.stat()).st_mode, found.st_size
        if S_ISDIR(mode):
            raise _Unreadable("SP0214", f"`{name}` is a folder", "name a file in it")
        if not S_ISREG(mode):
            raise _Unreadable("SP0214", f"`{name}` isn't an ordinary file")
        if size > limits.FILE_BYTES:
            raise _Unreadable("SP0215", f"`{name}` has {size} bytes", f"at most {limits.FILE_BYTES} are read")
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise _Unreadable("SP0212", f"there is no file `{name}`", _neighbours(path)) from None
    except UnicodeDecodeError as error:
        raise _Unreadable("SP0214", f"`{name}` is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
    except PermissionError:
        raise _Unreadable("SP0214", f"`{name}` may not be read", "check its permissions") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name isn't a path"
        raise _Unreadable("SP0214", f"`{name}` can't be read: {reason.lower()}") from None


def _neighbours(path: Path) -> str:
    """A help text that names the file that was probably meant."""
    try:
        names = sorted(each.name for each in path.parent.iterdir() if each.suffix == ".space")
    except OSError:
        return "its folder doesn't exist"
    return did_you_mean(path.with_suffix(".space").name, names)


class _Loader:
    """Follows imports depth first. Keys of files are their real paths, those of the library their names."""

    def __init__(self, report: Report, reader: Reader) -> None:
        self.report = report
        self.reader = reader
        self.modules: list[ast.Module] = []
        self.imported: dict[str, tuple[ast.Module | None, ...]] = {}
        self.complete = True
        self._loaded: dict[str, ast.Module] = {}
        self._open: list[tuple[str, str]] = []
        """The chain of files, as (key, shown name), from the main one to the one being read."""

    def module(self, source: Source, key: str | None, folder: Path) -> ast.Module:
        module = self.reader.module(source, self.report)
        self._open.append((key or "", source.name))
        self.imported[source.name] = tuple(self._import(each, source, folder) for each in module.imports)
        self._open.pop()
        self.modules.append(module)
        if key is not None:
            self._loaded[key] = module
        return module

    def _import(self, line: ast.Import, source: Source, folder: Path) -> ast.Module | None:
        found = self._library(line.path) if line.path.value.startswith(STD) else self._file(line.path, source, folder)
        self.complete = self.complete and found is not None
        return found

    def _library(self, path: ast.Text) -> ast.Module | None:
        if path.value not in library():
            self.report.error(
                "SP0212",
                f"the library doesn't have `{path.value}`",
                path.span,
                help=_in_quotes(did_you_mean(path.value, library())),
            )
            return None
        if path.value not in self._loaded:
            module, diagnostics = _library_module(path.value, library()[path.value])
            self.report.diagnostics.extend(diagnostics)
            self.modules.append(module)
            self.imported[path.value] = ()
            self._loaded[path.value] = module
        return self._loaded[path.value]

    def _file(self, path: ast.Text, source: Source, folder: Path) -> ast.Module | None:
        if not path.value or path.value.startswith(("/", "\\")) or PurePosixPath(path.value).is_absolute():
            self.report.error(
                "SP0216", "an import needs a relative path", path.span, help="write it relative to this file's folder"
            )
            return None
        place = folder / path.value
        name = os.path.normpath(os.path.join(os.path.dirname(source.name), path.value)).replace(os.sep, "/")
        key = _real(place)
        if key in self._loaded:
            return self._loaded[key]
        if any(key == each for each, _ in self._open):
            self._cycle(path, key)
            return None
        if len(self.modules) + len(self._open) >= limits.MODULES:
            message = f"this program consists of more than {limits.MODULES} files"
            self.report.error("SP0311", message, path.span, help="put blocks that belong together into one file")
            return None
        read_from = self.reader.source(place, name, self.report, path.span)
        return None if read_from is None else self.module(read_from, key, place.parent)

    def _cycle(self, path: ast.Text, key: str) -> None:
        keys = [each for each, _ in self._open]
        chain = [name for _, name in self._open[keys.index(key) :]]
        shown = " → ".join([*chain, chain[0]])
        self.report.error(
            "SP0213", f"these imports form a circle: {shown}", path.span,
            help="move what both need into a third file",
        )  # fmt: skip


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:
        return str(path)


@cache
def library() -> Mapping[str, str]:
    """The library's modules and their texts, by the path that imports them."""
    texts = {f"{STD}{each.name}": each.read_text("utf-8") for each in sorted(_STD_FOLDER.glob("*.space"))}
    return MappingProxyType(texts)


def library_module_of(block: str) -> str | None:
    """The path of the library's module that declares a block; None if there is none."""
    modules = ((path, _library_module(path, text)[0]) for path, text in library().items())
    return next((path for path, module in modules if any(each.name.text == block for each in module.blocks)), None)


@cache
def _library_module(name: str, text: str) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    report = Report()
    module = read(parse(Source(name, text), report), report)
    return module, tuple(report.diagnostics)
