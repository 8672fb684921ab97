"""Image folders in ImageNet's layout, and spaces for them, made for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

import spacelang
from spacelang.ir.nodes import SearchSpace

SPACE = """language 1
device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }
block plain(act) { conv 3 -> out, stride, act }
hyperspace tiny on d {
  input CHANNELS channels
  resolution {RESOLUTIONS}
  classes 3
  blocks {
    0 = plain { act relu }
  }
  stem plain { depth 1, stride 2, width 8, act relu }
STAGES
  head {
    pool
    linear -> classes
  }
}
"""


def space(strides: Iterable[int] = (2, 1), *, channels: int = 3, resolutions: str = "24, 32") -> SearchSpace:
    """A hyperspace with a stem of stride 2 and stages of these strides."""
    stages = (
        f"  stage s{number} {{ depth 1, stride {stride}, width 2 of 8..24 }}"
        for number, stride in enumerate(strides, start=1)
    )
    text = SPACE.replace("CHANNELS", str(channels)).replace("RESOLUTIONS", resolutions)
    return spacelang.loads(text.replace("STAGES", "\n".join(stages)))


def picture(seed: int, width: int = 40, height: int = 30) -> Image.Image:
    """Coloured patches."""
    patches = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    return Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)


def image_folder(root: Path, classes: Iterable[str] = "abc", train: int = 6, validation: int = 2) -> Path:
    """A folder of so many images of each class, no two alike."""
    seed = 0
    for split, count in (("train", train), ("val", validation)):
        for each in classes:
            folder = root / split / each
            folder.mkdir(parents=True)
            for index in range(count):
                picture(seed := seed + 1).save(folder / f"{index}.png")
    return root
