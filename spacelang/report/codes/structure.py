"""Codes of structure: declarations, properties, operators, and what comes after them."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0101",
        "the language's version is missing",
        "The first line of every text says which version of the language it is written in, so that a later compiler "
        "still understands it. There is one version so far.",
        "# A device.\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
        "language 1\n\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0102",
        "an unknown version of the language",
        "The text asks for a version of the language that this compiler doesn't know. Install a newer spacelang, or, "
        "if the number is a typo, correct it.",
        "language 2",
        "language 1",
    ),
    Code(
        "SP0103",
        "a line out of order",
        "`language` comes once, on the first line. Imports come next, before the first declaration. That way, "
        "everything a text depends on is at its top.",
        "language 1\n\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }\n\n"
        'import "std/blocks.space"',
        'language 1\n\nimport "std/blocks.space"\n\n'
        "device d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0104",
        "an unknown declaration",
        "At the top level, a text has `language`, `import`, `block`, `device`, `hyperspace`, `space` and `model`, "
        "and nothing else.",
        "language 1\n\nplatform d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
        "language 1\n\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0105",
        "an unknown property",
        "The section has no property of this name. The nearest legal name, or all of them, are in the message. A "
        "stage takes arguments of a block only where it names that block.",
        "stage one { dpth 1..2, stride 2, width 2 of 32..64 }",
        "stage one { depth 1..2, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0106",
        "written twice",
        "A property, an argument or a modifier may be written once in each place; otherwise it would not be clear "
        "which one holds.",
        "classes 10\nclasses 100",
        "classes 10",
    ),
    Code(
        "SP0107",
        "a property is missing",
        "Nothing that shapes a network or a search has a default that is not written down, so required properties must "
        "be there. The message lists those that are missing, and how they are written.",
        "stage one { depth 1..2, stride 2 }",
        "stage one { depth 1..2, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0108",
        "the wrong kind of value",
        "This name needs another kind of value: a number, a set or range of numbers, a word, text in quotes or a "
        "group in braces. The message shows the form.",
        "stage one { depth deep, stride 2, width 2 of 32..64 }",
        "stage one { depth 2..4, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0109",
        "too much on one line",
        "The property or declaration is complete before this. Separate properties by commas or new lines; put each "
        "declaration and each operator on its own line.",
        "device d { runtime tflite precision int8, threads 1, widths multiple of 8 }",
        "device d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0110",
        "a missing or wrong unit",
        "A quantity that has a unit is written with it, so that nobody mistakes seconds for milliseconds: latencies "
        "are in `ms`, the input is in `channels`.",
        "targets latency {8, 10}",
        "targets latency {8, 10} ms",
    ),
    Code(
        "SP0111",
        "an unknown word",
        "Only a few words are allowed here; the message lists them.",
        "device d { runtime onnx, precision int8, threads 1, widths multiple of 16 }",
        "device d { runtime onnxruntime, precision int8, threads 1, widths multiple of 16 }",
    ),
    Code(
        "SP0112",
        "an incomplete declaration",
        "A declaration, a stage or an entry of a list of blocks lacks its name, its device, its search id or its body. "
        "The message shows the whole form.",
        "blocks { mbv1 { kernel {3, 5}, act relu } }",
        "blocks { 0 = mbv1 { kernel {3, 5}, act relu } }",
    ),
    Code(
        "SP0114",
        "an unknown operator",
        "Every line in a block's body or in a head starts with an operator (or, in a body, binds a name or declares "
        "the shortcut). The global pool, dropout and linear layers belong in heads only; depthwise convolutions and "
        "squeeze-and-excitation in blocks only.",
        "block b(kernel, act) {\n  convolution kernel -> out, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0115",
        "an unknown modifier",
        "After an operator and a comma come its modifiers: `stride`, `act`, `norm none`, `bias`, `residual`, `repeat "
        "N`, `when A != B`. Another operator starts a new line.",
        "block b(kernel, act) {\n  conv kernel -> out, strides, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0116",
        "a modifier that the operator doesn't take",
        "The modifier exists, but means nothing for this operator: a squeeze has no stride, a pool no activation.",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n  se 8, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n  se 8\n}",
    ),
    Code(
        "SP0117",
        "an incomplete operator",
        "A convolution gives its kernel and, after `->`, its output channels; a depthwise convolution keeps its "
        "channels and gives only the kernel; `se` gives the width that it squeezes to, `dropout` its rate.",
        "block b(kernel, act) {\n  conv kernel, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0118",
        "a setting that means nothing here",
        "The number of samples and the penalty belong to the sampled estimator. With the exact one they would be "
        "ignored, so they aren't allowed there.",
        "quality { estimator exact, top 20, penalty { threshold 0.08, exponent 0.01 } }",
        "quality { estimator sampled { samples 5000 }, top 20, penalty { threshold 0.08, exponent 0.01 } }",
    ),
    Code(
        "SP0119",
        "a malformed origin",
        "`from` says which space this one was narrowed from: its kind (a wider one, or the same), its name and, on the "
        "same line, the SHA-256 of its structure and the encoding of the choice, one block digit and one width digit "
        "for each stage.",
        'from hyperspace vnni, sha256 "3f2a9c1e"',
        'from hyperspace vnni, encoding "0-0"',
    ),
    Code(
        "SP0120",
        "not a legal expression",
        "Expressions are numbers, names, `+ - * / div`, parentheses and the functions `round8`, `min` and `max`. "
        "Comparisons are allowed only after `when`. Outside of blocks and heads, properties take plain numbers, none "
        "of them negative.",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act, when 3\n}",
        "block b(kernel, act) {\n  dwconv kernel, act, when stride == 1\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0121",
        "an empty group",
        "A list of blocks and a head need at least one entry.",
        "head { }",
        "head {\n  pool\n  linear -> classes\n}",
    ),
)
