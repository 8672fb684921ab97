"""Converts the compiler's offsets to the protocol's positions and back, and answers to the protocol's types."""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path

from lsprotocol import types as lsp
from pygls.uris import from_fs_path, to_fs_path

from spacelang.editor.actions import Action
from spacelang.editor.completion import Completions, ItemKind
from spacelang.editor.hints import Hint
from spacelang.editor.layout import TextEdit
from spacelang.editor.outline import Entry, Fold
from spacelang.editor.texts import path_of
from spacelang.report.diagnostics import Diagnostic, Severity
from spacelang.report.source import Source, Span

_ENDS = re.compile(r"\r\n|\n|\r")

_ITEMS: dict[ItemKind, lsp.CompletionItemKind] = {
    "property": lsp.CompletionItemKind.Property,
    "keyword": lsp.CompletionItemKind.Keyword,
    "block": lsp.CompletionItemKind.Function,
    "device": lsp.CompletionItemKind.Module,
    "space": lsp.CompletionItemKind.Struct,
    "parameter": lsp.CompletionItemKind.Variable,
    "value": lsp.CompletionItemKind.EnumMember,
    "operator": lsp.CompletionItemKind.Function,
    "file": lsp.CompletionItemKind.File,
    "name": lsp.CompletionItemKind.Variable,
}

_SYMBOLS = {
    "block": lsp.SymbolKind.Function,
    "device": lsp.SymbolKind.Module,
    "stem": lsp.SymbolKind.Field,
    "stage": lsp.SymbolKind.Field,
    "use": lsp.SymbolKind.EnumMember,
    "section": lsp.SymbolKind.Property,
}
"""The protocol's kind for each declaration: a space counts as a struct."""

_FOLDS = {
    "region": lsp.FoldingRangeKind.Region,
    "comment": lsp.FoldingRangeKind.Comment,
    "imports": lsp.FoldingRangeKind.Imports,
}


class Positions:
    """Converts offsets and positions in one text, in the client's units."""

    def __init__(self, text: str, encoding: str) -> None:
        self._text = text
        self._starts = [0, *(each.end() for each in _ENDS.finditer(text))]
        self._encoding = encoding

    def position(self, offset: int) -> lsp.Position:
        line = bisect_right(self._starts, offset) - 1
        return lsp.Position(line, self._units(self._text[self._starts[line] : offset]))

    def offset(self, position: lsp.Position) -> int:
        """The offset of a position. One beyond the end of its line, or of the text, is taken as that end."""
        if position.line >= len(self._starts):
            return len(self._text)
        start = self._starts[position.line]
        end = self._starts[position.line + 1] if position.line + 1 < len(self._starts) else len(self._text)
        line = self._text[start:end].rstrip("\r\n")
        if line.isascii():
            return start + min(position.character, len(line))
        return start + next((at for at in range(len(line)) if self._units(line[:at]) >= position.character), len(line))

    def range(self, start: int, end: int) -> lsp.Range:
        return lsp.Range(self.position(start), self.position(end))

    def _units(self, text: str) -> int:
        if self._encoding == lsp.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        if self._encoding == lsp.PositionEncodingKind.Utf16 and not text.isascii():
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        return len(text)


class Converter:
    """Makes the protocol's answers; keeps the positions of texts that haven't changed."""

    def __init__(self) -> None:
        self.encoding: str = lsp.PositionEncodingKind.Utf16
        self._known: dict[Source, Positions] = {}

    def positions(self, source: Source) -> Positions:
        if source not in self._known:
            if len(self._known) > 100:
                self._known.clear()
            self._known[source] = Positions(source.text, self.encoding)
        return self._known[source]

    def offset(self, source: Source, position: lsp.Position) -> int:
        return self.positions(source).offset(position)

    def range(self, span: Span) -> lsp.Range:
        return self.positions(span.source).range(span.start, span.end)

    def location(self, span: Span) -> lsp.Location:
        return lsp.Location(uri_of(span.source), self.range(span))

    def diagnostic(self, found: Diagnostic, span: Span) -> lsp.Diagnostic:
        text = "\n".join(filter(None, [found.message, found.note, found.help and f"help: {found.help}"]))
        return lsp.Diagnostic(
            range=self.range(span),
            message=text,
            severity=lsp.DiagnosticSeverity.Error
            if found.severity is Severity.ERROR
            else lsp.DiagnosticSeverity.Warning,
            code=found.code,
            source="spacelang",
            tags=[lsp.DiagnosticTag.Unnecessary] if found.code in UNUSED else None,
            related_information=[
                lsp.DiagnosticRelatedInformation(self.location(each.span), each.message) for each in found.labels
            ]
            or None,
        )

    def completions(self, source: Source, found: Completions) -> lsp.CompletionList:
        place = self.positions(source).range(found.start, found.end)
        items = [
            lsp.CompletionItem(
                label=each.label,
                kind=_ITEMS[each.kind],
                detail=each.detail or None,
                documentation=each.doc or None,
                sort_text=f"{index:04}",
                filter_text=each.text or each.label,
                text_edit=lsp.TextEdit(place, each.text or each.label),
            )
            for index, each in enumerate(found.items)
        ]
        return lsp.CompletionList(is_incomplete=False, items=items)

    def edit(self, source: Source, edit: TextEdit) -> lsp.TextEdit:
        return lsp.TextEdit(self.positions(source).range(edit.start, edit.end), edit.text)

    def action(self, source: Source, found: Action) -> lsp.CodeAction:
        span, fix = found.diagnostic.span, found.fix
        assert span is not None
        edit = self.edit(source, TextEdit(fix.start, fix.end, fix.text))
        return lsp.CodeAction(
            title=fix.title[:1].upper() + fix.title[1:],
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(found.diagnostic, span)],
            is_preferred=found.preferred,
            edit=lsp.WorkspaceEdit(changes={uri_of(source): [edit]}),
        )

    def symbol(self, entry: Entry) -> lsp.DocumentSymbol:
        return lsp.DocumentSymbol(
            name=entry.name or entry.kind,
            kind=_SYMBOLS.get(entry.kind, lsp.SymbolKind.Struct),
            range=self.range(entry.span),
            selection_range=self.range(entry.selection),
            detail=entry.kind,
            children=[self.symbol(each) for each in entry.children],
        )

    def fold(self, fold: Fold) -> lsp.FoldingRange:
        return lsp.FoldingRange(start_line=fold.first - 1, end_line=fold.last - 1, kind=_FOLDS[fold.kind])

    def hint(self, source: Source, hint: Hint) -> lsp.InlayHint:
        return lsp.InlayHint(
            position=self.positions(source).position(hint.offset), label=hint.text, tooltip=hint.tip, padding_left=True
        )


UNUSED = ("SP0208", "SP0209", "SP0210", "SP0211", "SP0217")
"""Codes of unused names, which editors show faded."""


def uri_of(source: Source) -> str:
    uri: str | None = from_fs_path(str(path_of(source)))
    assert uri is not None
    return uri


def path_from(uri: str) -> Path:
    """The path of a document. One that isn't a file gets a path that doesn't exist."""
    return Path(to_fs_path(uri) or uri)
