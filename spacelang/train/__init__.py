"""Training: data, teachers, block-wise distillation, tables of losses, supernets. Needs the extra `train`."""

from __future__ import annotations

from importlib.util import find_spec

from spacelang.report.diagnostics import refuse

NEEDED = ("torch", "safetensors", "sklearn", "PIL", "kornia", "transformers", "tensorboard")

if missing := [name for name in NEEDED if find_spec(name) is None]:
    refuse("SP1309", f"training needs {' and '.join(missing)}", help="in spacelang's checkout: pip install '.[train]'")
