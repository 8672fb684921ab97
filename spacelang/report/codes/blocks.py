"""Codes of blocks: their bodies, parameters and uses, and heads."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

_STAGE = "stage one b { depth 1..2, stride 2, width 32..64, kernel 3, act relu }"

CODES: tuple[Code, ...] = (
    Code(
        "SP0401",
        "an argument is missing",
        "A block's parameters have no defaults: every use says what each of them may be.",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3 }",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3, act relu }",
    ),
    Code(
        "SP0402",
        "an argument that the block doesn't take",
        "The block has no parameter with this name, and a stage has no such property.",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3, act relu, expand 4 }",
        "stage one mbv2 { depth 1..2, stride 2, width 32, kernel 3, act relu, expand 4 }",
    ),
    Code(
        "SP0403",
        "an argument of the wrong type",
        "What a parameter is follows from how the body uses it: as an activation, as a kernel size, or as another "
        "number. An activation is given by its name, and a block has one; to choose between two, a hyperspace lists "
        "the block twice.",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel relu, act relu }",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3, act relu }",
    ),
    Code(
        "SP0404",
        "a parameter in two roles",
        "The body uses one name as an activation and as a number.",
        "block b(kernel) {\n  conv kernel -> out, stride, act kernel\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0405",
        "a search id used twice",
        "The number before a block in a list is its digit in encodings. If two blocks had the same number, an "
        "encoding wouldn't say which one is meant.",
        "blocks { 0 = mbv1 { kernel 3, act relu }, 0 = mbv1 { kernel 5, act relu } }",
        "blocks { 0 = mbv1 { kernel 3, act relu }, 1 = mbv1 { kernel 5, act relu } }",
    ),
    Code(
        "SP0406",
        "a search id that can't be written",
        "An encoding writes a block as one digit, 0-9 or a-z, so search ids are whole numbers from 0 to 35.",
        "blocks { 36 = mbv1 { kernel 3, act relu } }",
        "blocks { 35 = mbv1 { kernel 3, act relu } }",
    ),
    Code(
        "SP0407",
        "an ambiguous search id",
        "A stage that names its block has, in encodings, the search id that the list of the hyperspace gives that "
        "block. Here the list has the block more than once, with different arguments.",
        "blocks { 0 = mbv1 { kernel 3, act relu }, 1 = mbv1 { kernel 5, act relu } }\n"
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel 3, act relu }",
        "blocks { 0 = mbv1 { kernel 3, act relu }, 1 = mbv1 { kernel 5, act relu } }\n"
        "stage one { depth 1..2, stride 2, width 32, blocks { 0 = mbv1 { kernel 3, act relu } } }",
    ),
    Code(
        "SP0408",
        "a misplaced shortcut",
        "A block has at most one shortcut, which joins its input to its output, so it goes on the last line of the "
        "body. To give a single convolution its own shortcut, use the modifier `residual`.",
        "block b(kernel, act) {\n  shortcut project\n  conv kernel -> out, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n  shortcut project\n}",
    ),
    Code(
        "SP0409",
        "an unknown kind of shortcut",
        "`none`; `identity` where the shapes agree, else none; `project`, by a convolution where they differ; "
        "`avgpool_project`, by a mean pool with the stride and a convolution.",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n  shortcut projection\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n  shortcut project\n}",
    ),
    Code(
        "SP0410",
        "a stage without a block",
        "A stage names its block after its own name, has a list `blocks { … }`, or uses the list of its hyperspace.",
        "hyperspace h on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one { depth 1, stride 2, width 32 }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
        "hyperspace h on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv1 { depth 1, stride 2, width 32, kernel 3, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
    ),
    Code(
        "SP0411",
        "a stage with a block and a list of blocks",
        "A stage either names its block or lists the blocks that it may use.",
        "stage one mbv1 { depth 1, stride 2, width 32, kernel 3, act relu, blocks { 0 = mbv1 { kernel 3, act relu } "
        "} }",
        "stage one { depth 1, stride 2, width 32, blocks { 0 = mbv1 { kernel 3, act relu } } }",
    ),
    Code(
        "SP0412",
        "more blocks than an encoding can write",
        "An encoding writes a stage's block as one digit, 0-9 or a-z, so a list has at most 36 blocks.",
    ),
    Code(
        "SP0413",
        "the stride is taken twice",
        "`stride` stands for the layer's stride. Two operators in a row that take it would shrink the map twice.",
        "block b(kernel, act) {\n  dwconv kernel, stride, act\n  conv kernel -> out, stride, act\n}",
        "block b(kernel, act) {\n  dwconv kernel, stride, act\n  conv kernel -> out, act\n}",
    ),
    Code(
        "SP0414",
        "a block without operators",
        "A block's body is a pipeline of at least one operator.",
        "block b { }",
        "block b {\n  conv 3 -> out, stride\n}",
    ),
    Code(
        "SP0415",
        "a division by zero",
        "The divisor is zero, always or for the choice that the message names.",
        "block b(kernel, act) {\n  conv kernel -> out div 0, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out div 2, stride, act\n  conv 1 -> out\n}",
    ),
    Code(
        "SP0416",
        "not a number of channels",
        "For some choice that the stage allows, the expression is negative, zero, or not a whole number. `round8(…)` "
        "gives the nearest multiple of 8 and at least 8, but 0 if its argument isn't positive.",
        "block b(kernel, act) {\n  conv kernel -> in * 0.3, stride, act\n  conv 1 -> out\n}\n" + _STAGE,
        "block b(kernel, act) {\n  conv kernel -> round8(in * 0.3) * 2, stride, act\n  conv 1 -> out\n}\n" + _STAGE,
    ),
    Code(
        "SP0417",
        "not a number of repetitions",
        "For some choice that the stage allows, the expression after `repeat` isn't a whole number from 1 to 100. To "
        "leave an operator out, use `when`.",
        "block b(kernel, act) {\n  conv 1 -> out\n  dwconv 3, stride, act, repeat kernel - 3\n}\n" + _STAGE,
        "block b(kernel, act) {\n  conv 1 -> out\n  dwconv 3, stride, act, repeat kernel - 2\n}\n" + _STAGE,
    ),
    Code(
        "SP0418",
        "a block that ends with the wrong number of channels",
        "A layer has the width that its stage gives it, which the body knows as `out`. The last convolution of the "
        "body usually ends with `-> out`.",
        "block b(kernel, act) {\n  dwconv kernel, stride, act\n}\n" + _STAGE,
        "block b(kernel, act) {\n  dwconv kernel, stride, act\n  conv 1 -> out\n}\n" + _STAGE,
    ),
    Code(
        "SP0419",
        "a residual that changes the shape",
        "`residual` adds an operator's input to its output, so both must have the same channels and the same size.",
        "block b(kernel, act) {\n  dwconv kernel, stride, act, residual\n  conv 1 -> out\n}",
        "block b(kernel, act) {\n  dwconv kernel, act, residual\n  conv 1 -> out, stride\n}",
    ),
    Code(
        "SP0420",
        "several blocks where one is needed",
        "Only the stages of a hyperspace choose among blocks. In a space or model each stage has one.",
        "space s on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  blocks { 0 = mbv1 { kernel 3, act relu }, 1 = mbv2 { kernel 3, expand 4, act relu } }\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one { depth 1, stride 2, width 32 }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
        "space s on d {\n  input 3 channels\n  resolution 224\n  classes 10\n"
        "  stem conv { depth 1, stride 2, width 16, kernel 3, act relu }\n"
        "  stage one mbv2 { depth 1, stride 2, width 32, kernel 3, expand 4, act relu }\n"
        "  head {\n    pool\n    linear -> classes\n  }\n}",
    ),
    Code(
        "SP0421",
        "an unknown choice to share",
        "`uniform` lists choices that all layers of a stage share: `width`, and parameters of its blocks that are "
        "numbers.",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel {3, 5}, act relu, uniform {kernels} }",
        "stage one mbv1 { depth 1..2, stride 2, width 32, kernel {3, 5}, act relu, uniform {kernel} }",
    ),
    Code(
        "SP0423",
        "a head out of order",
        "Convolutions need a map, so they come before `linear`. `pool` comes once, before the first `linear`, which "
        "takes the pooled map. Convolutions with kernel 1 may follow the pool.",
        "head {\n  conv 1 -> 128, act relu\n  linear -> classes\n}",
        "head {\n  conv 1 -> 128, act relu\n  pool\n  linear -> classes\n}",
    ),
    Code(
        "SP0424",
        "a head that doesn't give the classes",
        "The last operator of a head is a linear layer with as many outputs as there are classes: `linear -> classes`.",
        "head {\n  conv 1 -> 128, act relu\n  pool\n}",
        "head {\n  conv 1 -> 128, act relu\n  pool\n  linear -> classes\n}",
    ),
)
