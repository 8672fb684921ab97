"""Models that were evaluated before, in a file of the run: a search that is interrupted goes on from them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from spacelang.networks.architecture import Architecture
from spacelang.report.diagnostics import refuse
from spacelang.search.evaluator import Evaluation

FILE = "evaluations.sqlite"
TABLE = "CREATE TABLE IF NOT EXISTS evaluations (key TEXT PRIMARY KEY, cross_entropy REAL, top1 REAL) WITHOUT ROWID"


class Cache:
    """Evaluations by model. What is written is there after a kill.

    Args:
        context: what evaluations depend on besides the model.
    """

    def __init__(self, path: Path, context: Mapping[str, object]) -> None:
        self._path, self._context = path, json.dumps(context, sort_keys=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=60.0)
            self._connection.execute(TABLE)
            self._connection.commit()
        except sqlite3.Error as error:
            self._refuse(error)

    def get(self, model: Architecture) -> Evaluation | None:
        try:
            query = "SELECT cross_entropy, top1 FROM evaluations WHERE key = ?"
            row = self._connection.execute(query, (self._key(model),)).fetchone()
        except sqlite3.Error as error:
            self._refuse(error)
        return Evaluation(*row) if row else None

    def put(self, model: Architecture, found: Evaluation) -> None:
        try:
            with self._connection:
                self._connection.execute(
                    "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?)", (self._key(model), *found)
                )
        except sqlite3.Error as error:
            self._refuse(error)

    def close(self) -> None:
        self._connection.close()

    def _key(self, model: Architecture) -> str:
        return hashlib.sha256(f"{self._context}{json.dumps(model)}".encode()).hexdigest()

    def _refuse(self, error: sqlite3.Error) -> NoReturn:
        refuse("SP2005", f"`{self._path}` can't be used: {error}", "remove it if it is damaged: it can be made again")
