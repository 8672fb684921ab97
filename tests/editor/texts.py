"""Texts with a mark, `|`, where the cursor is."""

from __future__ import annotations

from pathlib import Path

from spacelang.editor.analysis import Analysis, Workspace

HEADER = """language 1
import "std/blocks.space"
device phone { runtime tflite, precision int8, threads 1, widths multiple of 16 }
block mine(kernel, act) {
  hidden = round8(in * 2)
  conv kernel -> hidden, stride, act
  conv 1 -> out
}
"""
SPACE = """hyperspace h on phone {
  input 3 channels
  resolution {160, 192}
  classes 10
  blocks {
    0 = mine { kernel {3, 5}, act relu }
    1 = mbv2 { kernel {3, 5}, expand {4, 6}, act relu6 }
  }
  stem conv { depth 1, stride 2, width 16..32, kernel 3, act relu }
  stage s1 { depth 1..2, stride 2, width 2 of 32..64 }
  stage s2 mbv2 { depth 1, stride 1, width {64, 80}, kernel {3, 5}, expand 4, act swish }
  head {
    conv 1 -> 64, act relu
    pool
    linear -> classes
  }
  targets latency {8, 10} ms
  quality { estimator exact, top 20 }
}
"""


def marked(text: str, folder: Path) -> tuple[Analysis, int, Workspace]:
    """The analysis of a text without its mark, and where that was."""
    before, mark, after = text.partition("|")
    workspace = Workspace()
    workspace.folders = [folder]
    workspace.texts.open(folder / "main.space", before + after)
    analysis = workspace.analysis(folder / "main.space")
    assert mark
    assert analysis is not None
    return analysis, len(before), workspace
