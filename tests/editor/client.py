"""A real client: pygls' own, over stdio, with the server as a process."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

PATIENCE = 30.0
"""Seconds that the slowest answer may take on a busy machine."""


class Session:
    """One editor, with documents open in it."""

    def __init__(self, client: LanguageClient, root: Path) -> None:
        self.client = client
        self.root = root
        self.texts: dict[str, str] = {}
        self.published: dict[str, list[lsp.Diagnostic]] = {}
        self._news = asyncio.Event()
        self._version = 0

        client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._hear(params))

    def _hear(self, params: lsp.PublishDiagnosticsParams) -> None:
        self.published[unquote(params.uri.rpartition("/")[2])] = list(params.diagnostics)
        self._news.set()

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def document(self, name: str) -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri(name))

    def open(self, name: str, text: str | None = None) -> None:
        self.texts[name] = (self.root / name).read_bytes().decode() if text is None else text
        item = lsp.TextDocumentItem(self.uri(name), "spacelang", 1, self.texts[name])
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def save(self, name: str) -> None:
        self.client.text_document_did_save(lsp.DidSaveTextDocumentParams(self.document(name)))

    def type(self, name: str, before: str, after: str, at: int = 0) -> None:
        """Replaces the first `before` of a document, from the offset `at` on, by `after`, as an incremental change."""
        text = self.texts[name]
        at = text.index(before, at)
        self._version += 1
        change = lsp.TextDocumentContentChangePartial(
            range=lsp.Range(position(text, at), position(text, at + len(before))), text=after
        )
        self.texts[name] = text[:at] + after + text[at + len(before) :]
        identifier = lsp.VersionedTextDocumentIdentifier(version=self._version + 1, uri=self.uri(name))
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, [change]))

    def at(self, name: str, part: str, offset: int = 0) -> dict[str, Any]:
        """Document and position of the first `part`, for a request's parameters."""
        found = position(self.texts[name], self.texts[name].index(part) + offset)
        return {"text_document": self.document(name), "position": found}

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for published diagnostics of which something holds."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def messages(self, name: str) -> list[str]:
        return [each.message.split("\n")[0] for each in self.published.get(name, [])]

    def apply(self, changes: Mapping[str, Sequence[lsp.TextEdit]]) -> None:
        """Carries out a workspace edit, last edits first, telling the server."""
        for uri, edits in changes.items():
            name = unquote(uri.rpartition("/")[2])
            for edit in sorted(edits, key=lambda each: (-each.range.start.line, -each.range.start.character)):
                start, end = (offset(self.texts[name], each) for each in (edit.range.start, edit.range.end))
                text = self.texts[name]
                self._version += 1
                self.texts[name] = text[:start] + edit.new_text + text[end:]
                identifier = lsp.VersionedTextDocumentIdentifier(version=self._version + 1, uri=uri)
                change = lsp.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)
                self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, [change]))


def starts(text: str) -> list[int]:
    """Where the lines of a text start, as the protocol ends them."""
    return [0, *(each.end() for each in re.finditer(r"\r\n|\n|\r", text))]


def position(text: str, offset: int) -> lsp.Position:
    line = sum(start <= offset for start in starts(text)) - 1
    return lsp.Position(line, len(text[starts(text)[line] : offset].encode("utf-16-le")) // 2)


def offset(text: str, place: lsp.Position) -> int:
    start = starts(text)[place.line] if place.line < len(starts(text)) else len(text)
    return start + len(text[start:].encode("utf-16-le")[: 2 * place.character].decode("utf-16-le", "ignore"))


def in_session(root: Path, play: Callable[[Session], Awaitable[None]]) -> None:
    """Starts `spacelang lsp` in a folder, plays a session, and sees it end well."""

    async def run() -> None:
        client = LanguageClient("test", "1")
        session = Session(client, root)
        await client.start_io(sys.executable, "-m", "spacelang.cli", "lsp")
        try:
            async with asyncio.timeout(PATIENCE):
                await client.initialize_async(
                    lsp.InitializeParams(
                        capabilities=lsp.ClientCapabilities(),
                        workspace_folders=[lsp.WorkspaceFolder(root.as_uri(), "root")],
                    )
                )
            client.initialized(lsp.InitializedParams())
            await play(session)
            await client.shutdown_async(None)
        finally:
            client.exit(None)
            await client.stop()  # type: ignore[no-untyped-call]

    asyncio.run(run())
