"""`spacelang lsp`: the language server, over stdio."""

from __future__ import annotations

import asyncio
import gc
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from spacelang import __version__
from spacelang.editor.actions import actions
from spacelang.editor.analysis import Analysis, Workspace
from spacelang.editor.completion import complete
from spacelang.editor.hints import hints
from spacelang.editor.hover import hover
from spacelang.editor.layout import TextEdit, formatting
from spacelang.editor.names import definition, references, renamable, rename, symbol_at
from spacelang.editor.outline import folds, outline
from spacelang.editor.protocol import Converter, path_from, uri_of
from spacelang.report.diagnostics import Diagnostic, SpacelangError
from spacelang.report.source import Source, Span

_FIRST = """language 1
import "std/blocks.space"
device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }
hyperspace h on d {
  input 3 channels, resolution 32, classes 10
  blocks { 0 = mbv2 { kernel 3, expand 4, act relu } }
  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }
  stage s { depth 1, stride 2, width 1 of 16..24 }
  head {
    pool
    linear -> classes
  }
  targets latency 1 ms
}
"""
PAUSE = 0.05
"""Seconds without a keystroke after which a text is checked."""
TRIGGERS = [" ", "{", ",", '"', "/", "="]

Answer = TypeVar("Answer")


class At(NamedTuple):
    """A document and an offset in it."""

    analysis: Analysis
    offset: int

    @property
    def source(self) -> Source:
        return self.analysis.source


class Server(LanguageServer):
    def __init__(self) -> None:
        super().__init__("spacelang", __version__)
        self.texts = Workspace()
        self.converter = Converter()
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._published: dict[str, set[str]] = defaultdict(set)
        """For each document, the files that have diagnostics because of it."""

    # --- documents ---

    def change(self, uri: str, changes: Iterable[lsp.TextDocumentContentChangeEvent]) -> None:
        """Carries changes out, one after the other.

        The framework's own text can't be used: it also breaks lines where the protocol doesn't, as at a form feed.
        """
        path = path_from(uri)
        source = self.texts.texts.at(path)
        for change in changes:
            text = change.text
            if source is not None and isinstance(change, lsp.TextDocumentContentChangePartial):
                start, end = (self.converter.offset(source, each) for each in (change.range.start, change.range.end))
                text = source.text[:start] + text + source.text[end:]
            source = self.texts.texts.open(path, text)

    def analysis(self, uri: str) -> Analysis | None:
        return self.texts.analysis(path_from(uri))

    def at(self, uri: str, position: lsp.Position) -> At | None:
        analysis = self.analysis(uri)
        return None if analysis is None else At(analysis, self.converter.offset(analysis.source, position))

    # --- diagnostics ---

    def check_soon(self, uri: str) -> None:
        """Checks once nothing has been typed for a moment: checking on every keystroke would delay completion."""
        if uri in self._waiting:
            self._waiting[uri].cancel()
        loop = asyncio.get_running_loop()
        self._waiting[uri] = loop.call_later(PAUSE, partial(self.check, uri))

    def check(self, uri: str) -> None:
        """Publishes what is wrong with the document, and with the open ones that import it."""
        self._waiting.pop(uri, None)
        for analysis in self.texts.affected(path_from(uri)):
            self._publish(analysis)

    def _publish(self, analysis: Analysis) -> None:
        found: dict[str, list[lsp.Diagnostic]] = {uri_of(analysis.source): []}
        for each in analysis.diagnostics:
            uri, diagnostic = self._placed(each, analysis)
            found.setdefault(uri, []).append(diagnostic)
        own = uri_of(analysis.source)
        open_ones = set(self.workspace.text_documents)
        for uri in self._published[own] - set(found) - open_ones:
            self._say(uri, [])
        self._published[own] = set(found)
        for uri, diagnostics in found.items():
            if uri == own or uri not in open_ones:  # an open document publishes its own diagnostics
                self._say(uri, diagnostics)

    def _say(self, uri: str, diagnostics: list[lsp.Diagnostic]) -> None:
        version = self.workspace.get_text_document(uri).version if uri in self.workspace.text_documents else None
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, diagnostics, version))

    def _placed(self, found: Diagnostic, analysis: Analysis) -> tuple[str, lsp.Diagnostic]:
        """A diagnostic with its file. One without a place is shown at the top of the document."""
        span = found.span or Span(analysis.source, 0, 0)
        return uri_of(span.source), self.converter.diagnostic(found, span)

    def closed(self, uri: str) -> None:
        self.texts.texts.close(path_from(uri))
        for each in self._published.pop(uri, set()) | {uri}:
            if each not in self.workspace.text_documents:
                self._say(each, [])


def make_server() -> Server:
    """The server with all its answers."""
    server = Server()
    for method, handler, options in _FEATURES:
        server.feature(method, options)(_bound(server, handler))
    return server


def _bound(server: Server, handler: Callable[[Server, Any], Answer]) -> Callable[[Any], Answer]:
    def handle(params: Any) -> Answer:
        try:
            return handler(server, params)
        except SpacelangError as refused:
            first = refused.diagnostics[0]
            raise JsonRpcInvalidParams(f"{first.message} ({first.help})" if first.help else first.message) from None

    return handle


# --- the session ------------------------------------------------------------------------------------------------------


def _initialized(server: Server, _: lsp.InitializedParams) -> None:
    server.converter.encoding = server.workspace.position_encoding or lsp.PositionEncodingKind.Utf16
    folders: list[str] = [*server.workspace.folders]
    if not folders and server.workspace.root_uri:
        folders = [server.workspace.root_uri]
    server.texts.folders = [path_from(each) for each in folders]
    _settle()


def _settle() -> None:
    """Loads the compiler, and takes what will stay for good out of the collector's sight.

    Otherwise it looks through all of that every few keystrokes, which takes as long as three answers.
    """
    from spacelang.driver import loads

    loads(_FIRST)
    gc.collect()
    gc.freeze()


def _opened(server: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    server.texts.texts.open(path_from(params.text_document.uri), params.text_document.text)
    server.check(params.text_document.uri)


def _changed(server: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    server.change(params.text_document.uri, params.content_changes)
    server.check_soon(params.text_document.uri)


def _saved(server: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    server.check(params.text_document.uri)


def _closed(server: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    server.closed(params.text_document.uri)


def _files_changed(server: Server, params: lsp.DidChangeWatchedFilesParams) -> None:
    for uri in server.workspace.text_documents:
        server.check(uri)


# --- answers ----------------------------------------------------------------------------------------------------------


def _completion(server: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    at = server.at(params.text_document.uri, params.position)
    return None if at is None else server.converter.completions(at.source, complete(*at))


def _hover(server: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    at = server.at(params.text_document.uri, params.position)
    found = hover(*at) if at is not None else None
    if at is None or found is None:
        return None
    span = at.source.span(found.start, found.end)
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown), server.converter.range(span))


def _definition(server: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    at = server.at(params.text_document.uri, params.position)
    found = definition(*at) if at is not None else None
    return server.converter.location(found[1]) if found is not None else None


def _references(server: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    at = server.at(params.text_document.uri, params.position)
    found = symbol_at(*at) if at is not None else None
    if found is None:
        return []
    places = references(server.texts, found.symbol)
    wanted = params.context.include_declaration
    declared = (found.symbol.span.source.name, found.symbol.span.start)
    return [server.converter.location(each) for each in places if wanted or (each.source.name, each.start) != declared]


def _highlight(server: Server, params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight]:
    at = server.at(params.text_document.uri, params.position)
    found = symbol_at(*at) if at is not None else None
    if at is None or found is None:
        return []
    places = references(server.texts, found.symbol)
    return [lsp.DocumentHighlight(server.converter.range(each)) for each in places if each.source is at.source]


def _prepare_rename(server: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    at = server.at(params.text_document.uri, params.position)
    return None if at is None else server.converter.range(renamable(*at).span)


def _rename(server: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    at = server.at(params.text_document.uri, params.position)
    if at is None:
        return None
    changes: dict[str, list[lsp.TextEdit]] = defaultdict(list)
    for each in rename(server.texts, *at, params.new_name):
        changes[uri_of(each.source)].append(lsp.TextEdit(server.converter.range(each), params.new_name))
    return lsp.WorkspaceEdit(changes=changes)


def _symbols(server: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    analysis = server.analysis(params.text_document.uri)
    return [server.converter.symbol(each) for each in outline(analysis)] if analysis else []


def _folding(server: Server, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    analysis = server.analysis(params.text_document.uri)
    return [server.converter.fold(each) for each in folds(analysis)] if analysis else []


def _formatting(server: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    analysis = server.analysis(params.text_document.uri)
    return _edits(server, analysis, formatting(analysis)) if analysis else []


def _range_formatting(server: Server, params: lsp.DocumentRangeFormattingParams) -> list[lsp.TextEdit]:
    analysis = server.analysis(params.text_document.uri)
    if analysis is None:
        return []
    start, end = (server.converter.offset(analysis.source, each) for each in (params.range.start, params.range.end))
    return _edits(server, analysis, formatting(analysis, start, end))


def _edits(server: Server, analysis: Analysis, found: list[TextEdit]) -> list[lsp.TextEdit]:
    return [server.converter.edit(analysis.source, each) for each in found]


def _actions(server: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    analysis = server.analysis(params.text_document.uri)
    if analysis is None:
        return []
    start, end = (server.converter.offset(analysis.source, each) for each in (params.range.start, params.range.end))
    return [server.converter.action(analysis.source, each) for each in actions(analysis, start, end)]


def _hints(server: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    analysis = server.analysis(params.text_document.uri)
    if analysis is None:
        return []
    start, end = (server.converter.offset(analysis.source, each) for each in (params.range.start, params.range.end))
    return [server.converter.hint(analysis.source, each) for each in hints(analysis, start, end)]


_FEATURES: tuple[tuple[str, Callable[[Server, Any], Any], Any], ...] = (
    (lsp.INITIALIZED, _initialized, None),
    (lsp.TEXT_DOCUMENT_DID_OPEN, _opened, None),
    (lsp.TEXT_DOCUMENT_DID_CHANGE, _changed, None),
    (lsp.TEXT_DOCUMENT_DID_SAVE, _saved, None),
    (lsp.TEXT_DOCUMENT_DID_CLOSE, _closed, None),
    (lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, _files_changed, None),
    (lsp.TEXT_DOCUMENT_COMPLETION, _completion, lsp.CompletionOptions(trigger_characters=TRIGGERS)),
    (lsp.TEXT_DOCUMENT_HOVER, _hover, None),
    (lsp.TEXT_DOCUMENT_DEFINITION, _definition, None),
    (lsp.TEXT_DOCUMENT_REFERENCES, _references, None),
    (lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, _highlight, None),
    (lsp.TEXT_DOCUMENT_PREPARE_RENAME, _prepare_rename, None),
    (lsp.TEXT_DOCUMENT_RENAME, _rename, lsp.RenameOptions(prepare_provider=True)),
    (lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, _symbols, None),
    (lsp.TEXT_DOCUMENT_FOLDING_RANGE, _folding, None),
    (lsp.TEXT_DOCUMENT_FORMATTING, _formatting, None),
    (lsp.TEXT_DOCUMENT_RANGE_FORMATTING, _range_formatting, None),
    (lsp.TEXT_DOCUMENT_CODE_ACTION, _actions, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix])),
    (lsp.TEXT_DOCUMENT_INLAY_HINT, _hints, None),
)
