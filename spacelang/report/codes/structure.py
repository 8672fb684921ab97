"""Codes of structure: declarations, properties, operators, and what stands after them."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0101",
        "the language's version is missing",
        "The first line of every text says which version of the language it is written in, so that a later compiler "
        "still reads it as it was meant. There is one version so far.",
        "# A device.\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
        "language 1\n\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0102",
        "an unknown version of the language",
        "The text asks for a version of the language that this compiler doesn't know. Install a newer spacelang, or, "
        "if the number is a slip, mend it.",
        "language 2",
        "language 1",
    ),
    Code(
        "SP0103",
        "a line out of order",
        "`language` stands once, on the first line; imports stand below it and above the first declaration. What a "
        "text depends on is then seen at its top.",
        "language 1\n\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }\n\n"
        'import "std/blocks.space"',
        'language 1\n\nimport "std/blocks.space"\n\n'
        "device d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0104",
        "an unknown declaration",
        "At the top of a text stand `language`, `import`, `block`, `device`, `hyperspace`, `space` and `model`, and "
        "nothing else.",
        "language 1\n\nplatform d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
        "language 1\n\ndevice d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0105",
        "an unknown property",
        "The section has no property of this name. The nearest legal name, or all of them, are in the message. Names "
        "that a stage's block takes as arguments stand only where the stage names its block.",
        "stage one { dpth 1..2, stride 2, width 2 of 32..64 }",
        "stage one { depth 1..2, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0106",
        "written twice",
        "A property, an argument or a modifier may be written once in its place; otherwise it would not be clear which "
        "one holds.",
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
        "Behind this name another kind of value is needed: a number, a set or range of numbers, a word, a text in "
        "quotes or a group in braces. The message shows the form.",
        "stage one { depth deep, stride 2, width 2 of 32..64 }",
        "stage one { depth 2..4, stride 2, width 2 of 32..64 }",
    ),
    Code(
        "SP0109",
        "too much on one line",
        "The property or declaration is complete before this. Properties are separated by commas or new lines; "
        "declarations and operators have lines of their own.",
        "device d { runtime tflite precision int8, threads 1, widths multiple of 8 }",
        "device d { runtime tflite, precision int8, threads 1, widths multiple of 8 }",
    ),
    Code(
        "SP0110",
        "a missing or wrong unit",
        "A quantity that has a unit is written with it, so that nobody takes seconds for milliseconds: latencies are "
        "in `ms`, the input is in `channels`.",
        "targets latency {8, 10}",
        "targets latency {8, 10} ms",
    ),
    Code(
        "SP0111",
        "an unknown word",
        "Only a few words may stand here; the message lists them.",
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
        "Every line in a block's body or in a head starts with an operator (or, in a body, binds a name or says the "
        "shortcut). The global pool, dropout and linear layers stand in heads only; depthwise convolutions and squeeze "
        "and excitation in blocks only.",
        "block b(kernel, act) {\n  convolution kernel -> out, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0115",
        "an unknown modifier",
        "Behind an operator and a comma stand modifiers: `stride`, `act`, `norm none`, `bias`, `residual`, `repeat N`, "
        "`when A != B`. Another operator starts a line of its own.",
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
        "A convolution says its kernel and, after `->`, its output channels; a depthwise convolution keeps its "
        "channels and says the kernel only; `se` says the width that it squeezes to, `dropout` its rate.",
        "block b(kernel, act) {\n  conv kernel, stride, act\n}",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0118",
        "a setting that means nothing here",
        "The number of samples and the penalty belong to the sampled estimator. With the exact one they would be "
        "ignored, so they may not stand there.",
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
        "Comparisons stand after `when` only. Outside of blocks and heads, properties take plain numbers, none of "
        "them negative.",
        "block b(kernel, act) {\n  conv kernel -> out, stride, act, when 3\n}",
        "block b(kernel, act) {\n  dwconv kernel, act, when stride == 1\n  conv kernel -> out, stride, act\n}",
    ),
    Code(
        "SP0121",
        "an empty group",
        "A list of blocks or a head without entries says nothing.",
        "head { }",
        "head {\n  pool\n  linear -> classes\n}",
    ),
)
