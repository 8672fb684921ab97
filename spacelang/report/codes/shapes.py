"""Codes of shapes: kernels, strides, resolutions."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0501",
        "a kernel that is not odd",
        "Convolutions and pools pad by kernel div 2. An odd kernel then has its centre on a pixel; an even one "
        "would shift the map by half a pixel with every layer.",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel {3, 4}, act relu }",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel {3, 5}, act relu }",
    ),
    Code(
        "SP0502",
        "a kernel that is too large for its map",
        "On a map of n×n pixels, padded by kernel div 2, a kernel over 2n - 1 has taps that never touch the map at "
        "the smallest resolution, so nothing could train their weights. A kernel between n and 2n - 1 reaches over "
        "the edge at every position, but each of its taps is used somewhere; that is legal, and usual in last "
        "stages.",
        "resolution 16\nstage one mbv1 { depth 1..2, stride 2, width 32, kernel {3, 9}, act relu }",
        "resolution 32\nstage one mbv1 { depth 1..2, stride 2, width 32, kernel {3, 9}, act relu }",
    ),
    Code(
        "SP0503",
        "strides that don't give the stage's",
        "A stage says how much its first layer shrinks the map; the further layers have stride 1. The block takes "
        "that stride with the modifier `stride`, or has fixed strides (`stride 2`), whose product the stage must "
        "then say; a block with fixed strides can't be repeated.",
        "block b(kernel, act) {\n  conv kernel -> out, act\n}\n"
        "stage one b { depth 1..2, stride 2, width 32..64, kernel 3, act relu }",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}\n"
        "stage one b { depth 1..2, stride 2, width 32..64, kernel 3, act relu }",
    ),
    Code(
        "SP0504",
        "a resolution smaller than the strides",
        "Stem and stages together shrink the image by the product of their strides. A resolution below it leaves less "
        "than one pixel.",
        "resolution 2",
        "resolution 32",
    ),
    Code(
        "SP0505",
        "a block that can't be checked for every choice",
        "A warning. Whether a block fits is shown by arithmetic on all values at once, and choice by choice where that "
        "doesn't tell. Here there are more choices than can be tried. Networks whose channels, kernels or strides come "
        "out wrong are then only found when they are made.",
    ),
)
