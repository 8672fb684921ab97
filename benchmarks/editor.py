"""The language server in an editing session, as a client measures it: PYTHONPATH=. python benchmarks/editor.py

A file of 150 lines with two imports is typed into, letter by letter, in a real client over stdio. After every few
letters the client asks what editors ask: completion, hover, hints, outline, folding, actions, definition, references,
formatting. It prints how many milliseconds half and 95 % of the answers take at most, by kind: as the client waits for
them, and the server's processor time, which other work on the machine hardly touches.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp

from tests.editor.client import Session, in_session

SPECS = Path(__file__).resolve().parents[1] / "specs"
NAME = "session.space"
GOAL_MS = 50.0

TYPED = (
    ("  stage stage4  { ", "  stage extra { depth 1..2, stride 1, width 2 of 64..112 }\n"),
    ("  head {", "  distill { epochs 3, batch 64 }\n"),
    ("block longest", "block another(kernel, act) {\n  dwconv kernel, stride, act\n  conv 1 -> out\n}\n\n"),
    ("  # The paper samples", "  train { epochs 30, learning_rate 0.1 }\n"),
)
"""Where the session types, and what."""


def text() -> str:
    """The paper's hyperspace, with blocks of its own to be 150 lines long."""
    body = (SPECS / "vnni.space").read_text()
    blocks = ["\n# A block of the file's own.\nblock longest(kernel, act) {"]
    blocks += [f"  hidden{at} = round8(in * {at + 1})\n  conv 1 -> hidden{at}, act" for at in range(25)]
    blocks += ["  conv kernel -> out, stride, act\n}\n"]
    whole = body.rstrip("\n") + "\n".join(blocks)
    return whole + "# …\n" * (150 - whole.count("\n"))


def requests(session: Session, at: lsp.Position) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What an editor asks while something is typed at a position."""
    client, document = session.client, session.document(NAME)
    place: dict[str, Any] = {"text_document": document, "position": at}
    line = lsp.Range(lsp.Position(at.line, 0), at)
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(200, 0))
    name: dict[str, Any] = session.at(NAME, "= mbv2", 4)
    return {
        "completion": lambda: client.text_document_completion_async(lsp.CompletionParams(**place)),
        "hover": lambda: client.text_document_hover_async(lsp.HoverParams(**session.at(NAME, "stage stage2", 8))),
        "hints": lambda: client.text_document_inlay_hint_async(lsp.InlayHintParams(document, whole)),
        "outline": lambda: client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document)),
        "folding": lambda: client.text_document_folding_range_async(lsp.FoldingRangeParams(document)),
        "actions": lambda: client.text_document_code_action_async(
            lsp.CodeActionParams(document, line, lsp.CodeActionContext([]))
        ),
        "definition": lambda: client.text_document_definition_async(lsp.DefinitionParams(**name)),
        "references": lambda: client.text_document_references_async(
            lsp.ReferenceParams(context=lsp.ReferenceContext(True), **name)
        ),
        "formatting": lambda: client.text_document_formatting_async(
            lsp.DocumentFormattingParams(document, lsp.FormattingOptions(2, True))
        ),
    }


def processor_ms(session: Session) -> float:
    """What the server has used so far."""
    process = session.client._server
    assert process is not None
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e6


async def play(session: Session, taken: dict[str, list[tuple[float, float]]]) -> None:
    rng = random.Random(0)
    session.open(NAME)
    await session.until(lambda: NAME in session.published)
    for anchor, written in TYPED:
        for end, letter in enumerate(written):
            at = session.texts[NAME].index(anchor)
            session.type(NAME, anchor, f"{letter}{anchor}")
            position = session.at(NAME, session.texts[NAME][at:], 1)["position"]
            asked = requests(session, position)
            others = rng.sample([each for each in asked if each != "completion"], 2) if end % 4 == 3 else []
            for kind in ["completion", *others]:
                used, begun = processor_ms(session), time.perf_counter()
                await asked[kind]()
                taken[kind].append(((time.perf_counter() - begun) * 1e3, processor_ms(session) - used))


def main() -> None:
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / NAME).write_text(text())
        (root / "devices.space").write_text((SPECS / "devices.space").read_text())
        in_session(root, lambda session: play(session, taken))
    everything = [each for times in taken.values() for each in times]
    for clock, name in enumerate(("waited", "processor")):
        print(f"{name:12}{'number':>8}{'half':>10}{'95 %':>10}{'slowest':>10}")
        for kind, found in [*sorted(taken.items()), ("all", everything)]:
            times = [each[clock] for each in found]
            most = statistics.quantiles(times, n=20, method="inclusive")[-1]
            print(f"{kind:12}{len(times):>8}{statistics.median(times):>7.1f} ms{most:>7.1f} ms{max(times):>7.1f} ms")
        within = sum(each[clock] <= GOAL_MS for each in everything) / len(everything)
        print(f"{within:.1%} of the answers within {GOAL_MS:.0f} ms\n")


if __name__ == "__main__":
    main()
