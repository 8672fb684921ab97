"""What a backend is, and how the installed ones are found.

A backend turns the IR into files. spacelang's own are the folders beside this module, each of which holds an object
named `backend`; other distributions register theirs as entry points in the group `spacelang.backends`. A backend is
imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import NoReturn, Protocol, runtime_checkable

from spacelang.backends.manifest import NAME, is_plain
from spacelang.ir.nodes import Kind, SearchSpace
from spacelang.networks.network import ShapeError
from spacelang.networks.positions import MOST_CHOICES, TooManyChoices
from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse
from spacelang.report.suggest import did_you_mean, listed

GROUP = "spacelang.backends"
IR_FILE = "ir.json"
RESERVED = (IR_FILE, NAME)
"""Files that the driver itself writes."""


@runtime_checkable
class Backend(Protocol):
    """Makes files from an IR.

    Attributes:
        name: what `--backend` calls it; the same as its entry point.
        summary: one line on what it makes.
        kinds: the kinds of spaces that it takes.
    """

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def kinds(self) -> tuple[Kind, ...]: ...

    def emit(self, space: SearchSpace) -> dict[str, str]:
        """The texts of the files, by relative path with forward slashes.

        Pure and deterministic: the same IR gives the same bytes in any process; nothing is read, written or measured.

        Raises:
            SpacelangError: if the space holds something that this backend can't express. Nothing is left out silently.
        """
        ...


@contextmanager
def writing_out(space: SearchSpace) -> Iterator[None]:
    """Wraps the code in which a backend goes through all choices of a space.

    Raises:
        SpacelangError: SP0813 if some choice gives no network, SP0814 if there are too many.
    """
    try:
        yield
    except ShapeError as error:
        refuse("SP0813", f"{space.name} allows choices that give no network: {error}")
    except TooManyChoices as error:
        refuse("SP0814", f"{space.name} is too large to be written out: {error}", f"at most {MOST_CHOICES} are")


def backend_names() -> tuple[str, ...]:
    """The names of all backends, in alphabetical order; none is imported."""
    return tuple(sorted({each.name for each in _found()}))


def load_backend(name: str) -> Backend:
    """The backend of this name.

    Raises:
        SpacelangError: if there isn't one, if two distributions claim the name, or if it is broken.
    """
    found = [each for each in _found() if each.name == name]
    if not found:
        refuse("SP0801", f"there is no backend `{name}`", did_you_mean(name, backend_names()))
    if len({each.value for each in found}) > 1:
        owners = " and ".join(sorted(map(_owner, found)))
        refuse("SP0802", f"{owners} both have a backend named `{name}`", "uninstall one of them")
    return _import(found[0])


def _found() -> Iterator[EntryPoint]:
    """spacelang's own backends, one for each folder here, and those of other distributions."""
    package = __name__.rpartition(".")[0]
    for module in iter_modules(import_module(package).__path__):
        if module.ispkg:
            yield EntryPoint(module.name, f"{package}.{module.name}:backend", GROUP)
    yield from entry_points(group=GROUP)


def _owner(entry: EntryPoint) -> str:
    """The distribution that an entry point belongs to, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _import(entry: EntryPoint) -> Backend:
    # Code from elsewhere may fail in any way; the user needs to know whose it is.
    try:
        backend = entry.load()
    except Exception as error:
        _broken(entry, f"can't be imported: {type(error).__name__}: {error}", error)
    if not isinstance(backend, Backend):
        _broken(entry, f"isn't a backend: {entry.value} lacks a name, a summary, kinds or emit()")
    if backend.name != entry.name:
        _broken(entry, f"calls itself `{backend.name}`")
    return backend


def _broken(entry: EntryPoint, what: str, cause: Exception | None = None) -> NoReturn:
    message = f"the backend `{entry.name}` of {_owner(entry)} {what}"
    raise SpacelangError([Diagnostic("SP0803", message, help="report this to its authors, or uninstall it")]) from cause


def backends_for(kind: Kind, names: Iterable[str] | None = None) -> tuple[Backend, ...]:
    """The named backends, each once, in alphabetical order; without names, all installed ones that take such a space.

    Raises:
        SpacelangError: as `load_backend`, and if a named backend doesn't take this kind of space.
    """
    if names is None:
        return tuple(each for each in map(load_backend, backend_names()) if kind in each.kinds)
    names = tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (names,)
    if not all(isinstance(each, str) for each in names):
        refuse("SP1010", "`backends` is a list of names", f"installed are {listed(backend_names())}")
    backends = tuple(map(load_backend, sorted(set(names))))
    for each in backends:
        if kind not in each.kinds:
            refuse("SP0804", f"the backend `{each.name}` makes nothing from a {kind}", f"it takes {listed(each.kinds)}")
    return backends


def emit_all(space: SearchSpace, backends: Iterable[Backend]) -> dict[str, str]:
    """The files of several backends.

    Raises:
        SpacelangError: what a backend raises; if a backend fails in another way; if two make the same file; if one
            makes a file outside the directory.
    """
    files: dict[str, str] = {}
    makers = dict.fromkeys(RESERVED, "the driver")
    for backend in backends:
        for path, text in _emit(space, backend).items():
            _check_path(path, backend.name)
            if path in makers:
                refuse("SP0805", f"{makers[path]} and the backend `{backend.name}` both write {path}")
            makers[path] = f"the backend `{backend.name}`"
            files[path] = text
    return files


def _emit(space: SearchSpace, backend: Backend) -> dict[str, str]:
    try:
        return backend.emit(space)
    except SpacelangError:
        raise
    except Exception as error:
        message = f"the backend `{backend.name}` failed: {type(error).__name__}: {error}"
        raise SpacelangError([Diagnostic("SP0803", message, help="this is a defect of the backend")]) from error


def _check_path(path: str, backend: str) -> None:
    if not is_plain(path):
        refuse("SP0806", f"the backend `{backend}` writes {path!r}, which isn't a plain path inside the directory")
