"""Golden files: what a test makes is compared with a file next to it that was reviewed once."""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files, then fail so that they get reviewed"
    )


def pytest_configure() -> None:
    """A suite that is started in the background ignores Ctrl-C, and so would the programs that its tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Golden:
    """Compares texts with the files of one folder, by default `golden/` next to the test file.

    `golden(text, "vnni/encoding.json")` fails with a diff where the file says something else. With `--update-golden` it
    rewrites the file and still fails, since a rewritten file has yet to be reviewed.
    """

    def __init__(self, folder: Path, update: bool) -> None:
        self.folder = folder
        self._update = update

    def __call__(self, actual: str, name: str) -> None:
        path = self.folder / name
        expected = path.read_bytes().decode() if path.exists() else None
        if actual == expected:
            return
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
            pytest.fail(f"{name} was rewritten: review the diff", pytrace=False)
        if expected is None:
            pytest.fail(f"{path} is missing: run pytest --update-golden and review it", pytrace=False)
        diff = difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), f"{self.folder.name}/{name}", "actual", lineterm=""
        )
        pytest.fail("\n".join(diff) or "they differ in line endings only", pytrace=False)

    def holds_exactly(self, names: Iterable[str], under: str = "") -> None:
        """Fails unless the folder (or the one `under` it) holds these files and no others: no orphans, none missing."""
        folder = self.folder / under
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        wanted = set(names)
        assert not (orphans := found - wanted), f"golden files that no test compares: {sorted(orphans)}"
        assert not (missing := wanted - found), f"golden files that are missing: {sorted(missing)}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.path.parent / "golden", request.config.getoption("--update-golden"))
