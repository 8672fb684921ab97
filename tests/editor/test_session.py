"""A recorded session in a real client: what an editor's user does, over the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types as lsp

from tests.editor.client import Session, in_session

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vnni.space", "devices.space"):
        (tmp_path / name).write_text((SPECS / name).read_text())
    return tmp_path


def test_a_session(folder: Path) -> None:
    async def play(session: Session) -> None:
        client = session.client
        session.open("vnni.space")
        await session.until(lambda: "vnni.space" in session.published)
        assert session.messages("vnni.space") == []

        # A slip of the finger is found while typing, and mended with one key.
        session.type("vnni.space", "kernel {3, 5, 7}, act relu }", "kernle {3, 5, 7}, act relu }")
        await session.until(lambda: session.messages("vnni.space") != [])
        assert session.messages("vnni.space") == ["block `mbv1` has no parameter `kernle`"]
        (diagnostic,) = session.published["vnni.space"]
        assert diagnostic.code == "SP0402"
        found_actions = await client.text_document_code_action_async(
            lsp.CodeActionParams(session.document("vnni.space"), diagnostic.range, lsp.CodeActionContext([diagnostic]))
        )
        (action,) = found_actions or ()
        assert isinstance(action, lsp.CodeAction)
        assert (action.title, action.is_preferred) == ("Write `kernel`", True)
        assert action.edit is not None
        assert action.edit.changes is not None
        session.apply(action.edit.changes)
        await session.until(lambda: session.messages("vnni.space") == [])

        # Completion within a line that isn't finished.
        session.type("vnni.space", "  stage stage2 ", "  stage extra { \n  stage stage2 ")
        found = await client.text_document_completion_async(
            lsp.CompletionParams(**session.at("vnni.space", "stage extra { ", len("stage extra { ")))
        )
        assert isinstance(found, lsp.CompletionList)
        assert [each.label for each in found.items] == ["depth", "stride", "width", "uniform", "blocks"]
        session.type("vnni.space", "  stage extra { \n", "")

        # Hover, definition in another file.
        hover = await client.text_document_hover_async(lsp.HoverParams(**session.at("vnni.space", "vnni on")))
        assert hover is not None
        assert "240\u202f945\u202f152 spaces" in hover.contents.value  # type: ignore[union-attr]
        definition = await client.text_document_definition_async(
            lsp.DefinitionParams(**session.at("vnni.space", "on vnni", 3))
        )
        assert isinstance(definition, lsp.Location)
        assert definition.uri.endswith("/devices.space")

        # Renaming a device changes the file that declares it and the one that uses it.
        edit = await client.text_document_rename_async(
            lsp.RenameParams(**session.at("vnni.space", "on vnni", 3), new_name="xeon")
        )
        assert edit is not None
        assert edit.changes is not None
        assert {uri.rpartition("/")[2] for uri in edit.changes} == {"vnni.space", "devices.space"}
        session.open("devices.space")
        session.apply(edit.changes)
        await session.until(lambda: session.messages("vnni.space") == [])
        assert "hyperspace vnni on xeon {" in session.texts["vnni.space"]
        assert "device xeon {" in session.texts["devices.space"]

        # An unsaved change of an imported file is seen in the file that imports it.
        session.type("devices.space", "multiple of 16", "multiple of 48")
        await session.until(lambda: any("multiple of 48" in each for each in session.messages("vnni.space")))
        session.type("devices.space", "multiple of 48", "multiple of 16")
        await session.until(lambda: session.messages("vnni.space") == [])

        # Formatting.
        session.type("vnni.space", "  classes    1000", " classes 1000")
        edits = await client.text_document_formatting_async(
            lsp.DocumentFormattingParams(session.document("vnni.space"), lsp.FormattingOptions(2, True))
        )
        assert edits is not None
        session.apply({session.uri("vnni.space"): list(edits)})
        assert session.texts["vnni.space"] == (SPECS / "vnni.space").read_text().replace("on vnni", "on xeon")

        # The rest of what an editor asks for when it opens a file.
        symbols = await client.text_document_document_symbol_async(
            lsp.DocumentSymbolParams(session.document("vnni.space"))
        )
        assert symbols is not None
        assert [each.name for each in symbols] == ["vnni"]
        folding = await client.text_document_folding_range_async(lsp.FoldingRangeParams(session.document("vnni.space")))
        assert folding is not None
        assert (6, 44) in [(each.start_line, each.end_line) for each in folding]
        everything = lsp.Range(lsp.Position(0, 0), lsp.Position(1000, 0))
        hints = await client.text_document_inlay_hint_async(
            lsp.InlayHintParams(session.document("vnni.space"), everything)
        )
        assert hints is not None
        assert {"= {32, 48}, {48, 64}", "14 spaces"} <= {each.label for each in hints}

    in_session(folder, play)


def test_a_refused_rename_says_why(folder: Path) -> None:
    async def play(session: Session) -> None:
        session.open("vnni.space")
        with pytest.raises(Exception, match="belongs to the library"):
            await session.client.text_document_rename_async(
                lsp.RenameParams(**session.at("vnni.space", "mbv1"), new_name="mine")
            )

    in_session(folder, play)
