"""A small hyperspace, from text."""

from __future__ import annotations

import spacelang

TEXT = """
language 1
import "std/blocks.space"
device core { runtime onnxruntime, precision int8, threads 1, widths multiple of 16 }
hyperspace small on core {
  input 3 channels, resolution {64, 96}, classes 10
  blocks {
    1 = mbv2 { kernel {3, 5}, expand 4, act relu6 }
    5 = fused_mb { kernel 3, expand {1, 2}, act swish }
  }
  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }
  stage stage1 { depth 1..2, stride 2, width 2 of 32..64 }
  stage stage2 { depth 1..2, stride 1, width 2 of 48..80 }
  head {
    conv 1 -> 128, act hswish
    pool
    dropout 0.2
    linear -> classes
  }
  targets latency {1, 2.5} ms
  quality { estimator sampled { samples 100 }, top 5, penalty { threshold 0.08, exponent 0.01 } }
  evolution { population 10, sample 5, spaces 100, seed 0 }
}
"""

HYPERSPACE = spacelang.loads(TEXT)
