"""The TextMate grammar of the VS Code extension.

python -m spacelang.editor.textmate > editors/vscode/syntaxes/spacelang.tmLanguage.json
"""

from __future__ import annotations

import json
from typing import Any

from spacelang.editor.words import words

SCOPES = {
    "declaration": "keyword.declaration",
    "operator": "keyword.operator.word",
    "function": "support.function",
    "step": "entity.name.function",
    "value": "constant.language",
    "property": "support.type.property-name",
    "modifier": "storage.modifier",
    "name": "variable.language",
    "unit": "keyword.other.unit",
}
_SUFFIX = "spacelang"


def grammar() -> dict[str, Any]:
    """The grammar as plain data."""
    kinds = [_pattern(SCOPES[kind], rf"\b(?:{'|'.join(each)})\b") for kind, each in words().items()]
    declared = {
        "match": r"\b(block|device|hyperspace|space|model)\s+([A-Za-z_][A-Za-z0-9_]*)",
        "captures": {
            "1": {"name": f"keyword.declaration.{_SUFFIX}"},
            "2": {"name": f"entity.name.type.{_SUFFIX}"},
        },
    }
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "spacelang",
        "scopeName": f"source.{_SUFFIX}",
        "patterns": [
            _pattern("comment.line.number-sign", "#.*$"),
            _pattern("string.quoted.double", r'"(?:[^"\\]|\\.)*"'),
            _pattern("constant.numeric", r"(?<![A-Za-z0-9_])[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"),
            declared,
            *kinds,
            _pattern("keyword.operator", r"->|==|!=|<=|>=|\.\.|[=<>+*/-]"),
        ],
    }


def _pattern(scope: str, match: str) -> dict[str, str]:
    return {"name": f"{scope}.{_SUFFIX}", "match": match}


def text() -> str:
    """The grammar as the text of the extension's file."""
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
