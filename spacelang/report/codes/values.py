"""Codes of values: widths, ranges, windows, limits."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0301",
        "a width that breaks the device's rule",
        "A device declares `widths multiple of N`, because its kernels are only fast there. Every width of a space on "
        "that device, the ends and the step of a range included, is such a multiple. Nothing is rounded silently; the "
        "message names the nearest legal widths.",
        "stage one { depth 1..2, stride 2, width {24, 32} }",
        "stage one { depth 1..2, stride 2, width {16, 32} }",
    ),
    Code(
        "SP0302",
        "nothing to choose from",
        "A set has no values, or a range ends before its start.",
        "stage one { depth 4..2, stride 2, width 2 of 32..64 }",
        "stage one { depth 2..4, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0303",
        "steps that don't reach the end",
        "A range includes both of its ends, so its step divides the distance between them.",
        "resolution 160..224 step 30",
        "resolution 160..220 step 30",
    ),
    Code(
        "SP0304",
        "a step of zero",
        "Steps are positive.",
        "resolution 160..224 step 0",
        "resolution 160..224 step 16",
    ),
    Code(
        "SP0305",
        "values out of order",
        "Values are written in ascending order, each once, so that the same choice is always written the same way "
        "and a typo shows.",
        "targets latency {10, 8} ms",
        "targets latency {8, 10} ms",
    ),
    Code(
        "SP0306",
        "not a whole number",
        "Depths, widths, strides, kernels, resolutions and counts are whole numbers.",
        "stage one { depth 1.5, stride 2, width 2 of 32..64 }",
        "stage one { depth 1..2, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0307",
        "a number outside its domain",
        "The message says which numbers are legal here.",
        "stage one { depth 1..2, stride 0, width 2 of 32..64 }",
        "stage one { depth 1..2, stride 1, width 2 of 32..64 }",
    ),
    Code(
        "SP0308",
        "a window larger than its list",
        "`N of VALUES` are the lists of N neighbours among the values, so there are at least N values.",
        "stage one { depth 1..2, stride 2, width 7 of 32..64 }",
        "stage one { depth 1..2, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0309",
        "more windows than an encoding can write",
        "An encoding writes the choice of a stage's width list as one digit, 0-9 or a-z, so a stage has at most 36 of "
        "them.",
        "stage one { depth 1..2, stride 2, width 1 of 16..640 }",
        "stage one { depth 1..2, stride 2, width 5 of 16..640 }",
    ),
    Code(
        "SP0310",
        "an implausibly large number",
        "A number, the count of values in a range, or the count of stages exceeds a limit that no real search space "
        "comes near. The limits keep a typo from filling the memory.",
        "resolution 1..4096 step 1",
        "resolution 128..224 step 4",
    ),
    Code(
        "SP0311",
        "too many files",
        "A program, with everything that it imports, may have up to 200 files.",
    ),
    Code(
        "SP0312",
        "a range without a step",
        "Ranges of widths go by the device's multiple, ranges of depths and arguments by 1. For other ranges no step "
        "is obvious, so it has to be written.",
        "resolution 160..224",
        "resolution 160..224 step 16",
    ),
    Code(
        "SP0313",
        "a list for the layers in the wrong place",
        "`[a, b]` gives each layer of a stage its own value. Only a model does that, and only for widths and "
        "arguments. A set of choices is written `{a, b}`.",
        "stage one { depth 1..2, stride 2, width [32, 48] }",
        "stage one { depth 1..2, stride 2, width {32, 48} }",
    ),
    Code(
        "SP0314",
        "a list of the wrong length",
        "In a model, a list has one value for each of the stage's layers; a single number applies to all of them.",
        "model m on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 3, stride 2, width [32, 48], kernel 3, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
        "model m on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 2, stride 2, width [32, 48], kernel 3, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
    ),
    Code(
        "SP0315",
        "a choice in a model",
        "A model is one network: its resolution, depths, widths, kernels and other numbers are single values. A "
        "`space` leaves them open.",
        "model m on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 2, stride 2, width 32, kernel {3, 5}, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
        "model m on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 2, stride 2, width 32, kernel [3, 5], act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
    ),
    Code(
        "SP0316",
        "several width lists where one is needed",
        "Only the stages of a hyperspace choose among windows of widths. In a space, each stage has one window. The "
        "widths of a stem aren't searched.",
        "stem conv { depth 1, stride 2, width 2 of 16..48, kernel 3, act relu }",
        "stem conv { depth 1, stride 2, width 16..48, kernel 3, act relu }",
    ),
    Code(
        "SP0318",
        "two settings that don't go together",
        "No more sub-networks can be averaged than are sampled, and no more parents drawn than are alive. The first "
        "population counts towards the spaces scored.",
        "evolution { population 100, sample 125, spaces 5000, seed 0 }",
        "evolution { population 500, sample 125, spaces 5000, seed 0 }",
    ),
    Code(
        "SP0319",
        "channels inside a block that break the device's rule",
        "A warning. The device says that kernels are fastest at multiples of N, and for some choice a convolution "
        "inside the block gives another number of channels, as `round8` does on a device with multiples of 16. Where "
        "that is intended, `hidden any` in the device switches the warning off; the paper's own spaces do so.",
        "block b(expand, act) {\n  conv 1 -> round8(in * expand), act\n  conv 3 -> out, stride\n}\n"
        "stage one b { depth 1..2, stride 2, width {32, 48}, expand {0.75, 1}, act relu }",
        "block b(expand, act) {\n  conv 1 -> round8(in * expand), act\n  conv 3 -> out, stride\n}\n"
        "stage one b { depth 1..2, stride 2, width {32, 48}, expand {1, 2}, act relu }",
    ),
)
