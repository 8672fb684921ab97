"""A node of the IR as JSON, with the place of each of its parts."""

from __future__ import annotations

import json
from typing import Any

from spacelang.language.node import to_data
from spacelang.report.source import Source, Span


class Places:
    """Spans of paths such as `stages[0].depth[1]`, in the JSON of a node."""

    def __init__(self, node: object, name: str) -> None:
        self._text: list[str] = []
        self._length = 0
        self._at: dict[str, tuple[int, int]] = {}
        self._write(to_data(node), "")
        self._source = Source(name, "".join(self._text))
        self._paths = {place: path for path, place in self._at.items()}

    def span(self, path: str) -> Span:
        return Span(self._source, *self._at[path])

    def path(self, span: Span) -> str:
        """The path of a span that `span` gave."""
        return self._paths[span.start, span.end]

    def _write(self, value: Any, path: str) -> None:
        start = self._length
        if isinstance(value, dict | list):
            self._inside(value, path)
        else:
            self._add(json.dumps(value, ensure_ascii=False))
        self._at[path] = start, self._length

    def _inside(self, value: Any, path: str) -> None:
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        self._add(opened)
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            self._add(f"{json.dumps(key)}: " if isinstance(value, dict) else " ")
            inner = f"{path}.{key}" if path else str(key)
            self._write(each, inner if isinstance(value, dict) else f"{path}[{key}]")
            self._add(", ")
        self._add(closed)

    def _add(self, text: str) -> None:
        self._text.append(text)
        self._length += len(text)
