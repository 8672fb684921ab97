"""The server among half-typed texts: random edits, other line ends, other alphabets, imports that come and go."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from spacelang.api import check
from spacelang.editor.actions import actions
from spacelang.editor.analysis import Analysis, Workspace
from spacelang.editor.completion import complete
from spacelang.editor.hints import hints
from spacelang.editor.hover import hover
from spacelang.editor.layout import formatting
from spacelang.editor.names import definition, references, rename, symbol_at
from spacelang.editor.outline import folds, outline
from spacelang.editor.protocol import Converter, Positions, path_from, uri_of
from spacelang.report.diagnostics import SpacelangError
from tests.editor.client import Session, in_session
from tests.editor.texts import HEADER, SPACE

FRAGMENTS = [
    *"{}()[]\"'=-,.#/\\;:",
    *("..", "2 of ", "stage s9 {", "stage", "block x(", 'import "', 'import "std/blocks.space"', "space q on phone {"),
    *("width 32..", "kernel {3, ", "act ", "\n", "\r\n", "\t", "größe", "😀", "\u2028", "\f", "\x00", "0 = mbv2 {"),
    *(
        "when in == ",
        "round8(",
        "conv 3 -> ",
        "9" * 21,
        "// x",
        "/* x",
        "“",
        "language 2",
        "ms",
        "step 0",
        "} }",
        "{ {",
    ),
]


def edited(text: str, rng: random.Random) -> str:
    """The text with one edit: something removed, inserted, or a line moved."""
    at = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:at] + text[at + rng.randrange(1, 40) :]
        case 1:
            lines = text.splitlines(keepends=True) or [""]
            line = lines.pop(rng.randrange(len(lines)))
            lines.insert(rng.randrange(len(lines) + 1), line)
            return "".join(lines)
    fragment: str = rng.choice(FRAGMENTS)
    return text[:at] + fragment + text[at:]


def ask_everything(workspace: Workspace, analysis: Analysis, at: int) -> None:
    """What an editor asks, and that every place in the answers is in the text."""
    text, converter = analysis.source.text, Converter()
    for each in analysis.diagnostics:
        assert each.span is None or each.span.source is not analysis.source or each.span.end <= len(text)
        if each.span is not None:
            converter.diagnostic(each, each.span)
    found = complete(analysis, at)
    assert 0 <= found.start <= at <= found.end <= len(text)
    converter.completions(analysis.source, found)
    shown = hover(analysis, at)
    assert shown is None or 0 <= shown.start <= shown.end <= len(text)
    definition(analysis, at)
    symbol = symbol_at(analysis, at)
    if symbol is not None:
        assert references(workspace, symbol.symbol)
        with contextlib.suppress(SpacelangError):  # it may be refused
            rename(workspace, analysis, at, "another")
    for entry in outline(analysis):
        converter.symbol(entry)
    for fold in folds(analysis):
        assert 1 <= fold.first < fold.last <= text.count("\n") + 1
    for hint in hints(analysis, 0, len(text)):
        converter.hint(analysis.source, hint)
    for action in actions(analysis, 0, len(text)):
        converter.action(analysis.source, action)
    for edit in formatting(analysis):
        assert 0 <= edit.start <= edit.end <= len(text)
        converter.edit(analysis.source, edit)


@pytest.mark.parametrize("seed", range(6))
def test_random_edits_never_fail(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    workspace = Workspace()
    workspace.folders = [tmp_path]
    whole = HEADER + SPACE
    texts = {"main.space": 'import "other.space"\n' + whole, "other.space": HEADER.replace("mine", "theirs")}
    for name, text in texts.items():
        workspace.texts.open(tmp_path / name, text)
    for step in range(60):
        name = "main.space" if rng.random() < 0.8 else "other.space"
        # Edits gather for a while; then the text is whole again.
        texts[name] = edited(texts[name], rng) if step % 12 else 'import "other.space"\n' + whole
        workspace.texts.open(tmp_path / name, texts[name])
        analysis = workspace.analysis(tmp_path / "main.space")
        assert analysis is not None
        ask_everything(workspace, analysis, rng.randrange(len(analysis.source.text) + 1))


# --- the rest of a broken file ----------------------------------------------------------------------------------------

MISTAKES = {"tflit", "tpo", "kernal"}
"""The mistakes in the file: before the broken line, after it in the same space, after that."""
BROKEN = [
    *"([\"'=-,.:;\\",
    "..",
    "1..",
    "2 of",
    "stage",
    "block x(",
    'import "',
    "// x",
    "/* x",
    "“",
    "😀",
    "\x00",
    "when",
    "} }",
]


def mistaken() -> str:
    device = "device other { runtime tflit, precision int8, threads 1, widths multiple of 16 }\n"
    last = "block last(kernel, act) {\n  conv kernal -> out, stride, act\n}\n"
    return HEADER + device + SPACE.replace("top 20", "tpo 20") + last


@pytest.mark.parametrize("fragment", BROKEN)
def test_a_broken_line_hides_nothing_elsewhere(fragment: str, tmp_path: Path) -> None:
    lines = mistaken().splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if line.startswith("  stem"))
    for at in range(first, first + 8):
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        text = "".join([*lines[:at], f"{indent}{fragment}\n", *lines[at:]])
        workspace = Workspace()
        workspace.texts.open(tmp_path / "main.space", text)
        analysis = workspace.analysis(tmp_path / "main.space")
        assert analysis is not None
        found = {text[each.span.start : each.span.end] for each in analysis.diagnostics if each.span is not None}
        assert found >= MISTAKES, text


@pytest.mark.parametrize("brace", ["{", "}", "stage x {", "{ {"])
@pytest.mark.parametrize("indent", ["", "  ", "    "])
def test_a_brace_too_many_hides_nothing_elsewhere(brace: str, indent: str, tmp_path: Path) -> None:
    lines = mistaken().splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if line.startswith("  stage s2"))
    text = "".join([*lines[:at], f"{indent}{brace}\n", *lines[at:]])
    workspace = Workspace()
    workspace.texts.open(tmp_path / "main.space", text)
    analysis = workspace.analysis(tmp_path / "main.space")
    assert analysis is not None
    found = {text[each.span.start : each.span.end] for each in analysis.diagnostics if each.span is not None}
    assert found >= MISTAKES, analysis.diagnostics


# --- texts of other kinds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_positions_in_any_text(encoding: str, end: str) -> None:
    text = end.join(["# größe 😀 x", "", "stage 😀😀 { }", "é", "last"])
    positions = Positions(text, encoding)
    width = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
    unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    for at in range(len(text) + 1):
        if text[at - 1 : at + 1] == "\r\n":
            continue  # between the two characters of a line's end
        place = positions.position(at)
        start = text.rfind("\n", 0, at) + 1
        assert place == lsp.Position(text.count("\n", 0, at), len(text[start:at].encode(width)) // unit)
        assert positions.offset(place) == at
    assert positions.offset(lsp.Position(0, 1000)) == text.index(end)
    assert positions.offset(lsp.Position(1000, 0)) == len(text)


def test_a_file_with_crlf_and_umlauts_in_a_folder_with_blanks(tmp_path: Path) -> None:
    folder = tmp_path / "meine größe & 100%"
    folder.mkdir()
    text = ("# 😀 größe\n" + HEADER + SPACE).replace("act relu6 }", "# 😀\n act rleu6 }").replace("\n", "\r\n")
    (folder / "ü x.space").write_bytes(text.encode())

    async def play(session: Session) -> None:
        session.open("ü x.space")
        await session.until(lambda: session.messages("ü x.space") != [])
        (found,) = session.published["ü x.space"]
        assert found.message.startswith("unknown activation `rleu6`")
        line = text.split("\r\n")[found.range.start.line]
        assert line[found.range.start.character : found.range.end.character] == "rleu6"
        session.type("ü x.space", "act rleu6", "act relu6")
        await session.until(lambda: session.messages("ü x.space") == [])
        edits = await session.client.text_document_formatting_async(
            lsp.DocumentFormattingParams(session.document("ü x.space"), lsp.FormattingOptions(2, True))
        )
        assert edits
        session.apply({session.uri("ü x.space"): list(edits)})
        assert "\n  input      3 channels" in session.texts["ü x.space"]
        assert "\r" not in session.texts["ü x.space"]

    in_session(folder, play)


def test_paths_go_to_the_client_and_back(tmp_path: Path) -> None:
    for name in ("a b.space", "größe #1?.space", "100%25.space", "x+y&z.space"):
        (tmp_path / name).write_text("language 1\n")
        workspace = Workspace()
        workspace.texts.open(tmp_path / name, "language 1\n")
        analysis = workspace.analysis(tmp_path / name)
        assert analysis is not None
        assert path_from(uri_of(analysis.source)) == tmp_path / name


# --- imports ----------------------------------------------------------------------------------------------------------


def messages(workspace: Workspace, path: Path) -> list[str]:
    analysis = workspace.analysis(path)
    assert analysis is not None
    return [each.message for each in analysis.diagnostics]


def test_files_that_import_each_other(tmp_path: Path) -> None:
    workspace = Workspace()
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        workspace.texts.open(tmp_path / f"{one}.space", f'language 1\nimport "{other}.space"\n')
    found = messages(workspace, tmp_path / "a.space")
    assert len(found) == 1
    assert "import" in found[0]
    analysis = workspace.analysis(tmp_path / "a.space")
    assert analysis is not None
    ask_everything(workspace, analysis, 5)
    workspace.texts.open(tmp_path / "c.space", "language 1\n")
    assert messages(workspace, tmp_path / "a.space") == []
    workspace.texts.open(tmp_path / "c.space", 'language 1\nimport "c.space"\n')
    assert len(messages(workspace, tmp_path / "a.space")) == 1


def test_an_import_that_is_deleted_and_comes_back(tmp_path: Path) -> None:
    device = next(line for line in HEADER.splitlines() if line.startswith("device"))
    body = HEADER.replace(f"{device}\n", 'import "devices.space"\n') + SPACE
    workspace = Workspace()
    workspace.texts.open(tmp_path / "main.space", body)
    assert len(messages(workspace, tmp_path / "main.space")) == 1  # one error for the import, none for what was in it
    (tmp_path / "devices.space").write_text(f"language 1\n{device}\n")
    assert messages(workspace, tmp_path / "main.space") == []
    workspace.texts.open(tmp_path / "devices.space", "language 1\n")  # not saved
    assert "phone" in messages(workspace, tmp_path / "main.space")[0]
    workspace.texts.close(tmp_path / "devices.space")
    assert messages(workspace, tmp_path / "main.space") == []
    (tmp_path / "devices.space").unlink()
    assert len(messages(workspace, tmp_path / "main.space")) == 1
    (tmp_path / "devices.space").mkdir()
    assert len(messages(workspace, tmp_path / "main.space")) == 1
    (tmp_path / "devices.space").rmdir()
    (tmp_path / "devices.space").write_bytes(b"\xff\xfe\x00")
    assert len(messages(workspace, tmp_path / "main.space")) == 1


def test_a_session_of_random_edits_over_the_wire(tmp_path: Path) -> None:
    """The server's text stays the client's, whatever is typed, and what it says at the end is what `check` says."""
    rng = random.Random(7)
    (tmp_path / "devices.space").write_text(HEADER.replace("mine", "theirs"))
    (tmp_path / "main.space").write_text("# größe 😀\n" + HEADER.replace("phone", "tablet") + SPACE, "utf-8")

    async def play(session: Session) -> None:
        client = session.client
        session.open("main.space")
        for _ in range(60):
            text = session.texts["main.space"]
            after = edited(text, rng)
            start = next((at for at, (a, b) in enumerate(zip(text, after, strict=False)) if a != b), len(text))
            session.type("main.space", text[start:] or "", after[start:], at=start)
            place = session.at("main.space", after[rng.randrange(len(after)) :])
            await client.text_document_completion_async(lsp.CompletionParams(**place))
            await client.text_document_hover_async(lsp.HoverParams(**place))
            await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(session.document("main.space")))
            await client.text_document_formatting_async(
                lsp.DocumentFormattingParams(session.document("main.space"), lsp.FormattingOptions(2, True))
            )
        (tmp_path / "main.space").write_bytes(session.texts["main.space"].encode("utf-8", "surrogatepass"))
        expected = [each.message.split("\n")[0] for each in check(tmp_path / "main.space")]
        assert expected  # sixty edits break something
        session.save("main.space")
        await session.until(lambda: session.messages("main.space") == expected)

    in_session(tmp_path, play)
