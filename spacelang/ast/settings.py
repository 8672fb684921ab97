"""The written entries of a settings section, as the fields of its IR class."""

from __future__ import annotations

from collections.abc import Iterable

from spacelang import ast
from spacelang.language.schema import SECTIONS, Property, named


def settings(section: ast.Section | ast.Device) -> dict[str, object]:
    """The written entries of a checked section as the fields of its IR class; what isn't written is left out.

    `estimator sampled { samples 5000 }` gives `{"estimator": "sampled", "samples": 5000}`.
    """
    kind = "device" if isinstance(section, ast.Device) else section.name.text
    return _fields(SECTIONS[kind], section.entries)


def _fields(properties: tuple[Property, ...], entries: Iterable[ast.Entry]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for entry in entries:
        found = named(properties, entry.name.text)
        assert found is not None, entry.name
        inner = _fields(found.group, entry.entries or ())
        if found.kind == "group":
            fields[found.key] = inner
        else:
            fields[found.key] = _plain(entry.values[-1])
            fields.update(inner)
    return fields


def _plain(value: ast.Number | ast.Name | ast.Text | ast.Values) -> object:
    if isinstance(value, ast.Name):
        return value.text
    assert not isinstance(value, ast.Values)
    return value.value
