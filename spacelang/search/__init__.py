"""The search for models in a trained supernet: the best ones within each latency target (paper, 3.4 and appendix E).

A candidate is cut out of the supernet and evaluated as the INT8 file that would ship; its latency is predicted. Nothing
is trained. Needs the extras `train` and `onnx`.
"""

from __future__ import annotations

import spacelang.latency  # says which packages are missing
import spacelang.train  # noqa: F401
