"""Codes of the syntax."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0001",
        "something doesn't belong here",
        "A text is lines; a line is phrases between commas; a phrase is words, numbers, strings, ranges, expressions "
        "and groups side by side. The message says what was found and what could stand in its place. The line is "
        "left out and reading goes on after it, so further errors on the same line show in the next run.",
        "device vnni { widths multiple of * }",
        "device vnni { widths multiple of 16 }",
    ),
    Code(
        "SP0002",
        "a bracket is not closed",
        "Every `{`, `(` and `[` is closed by its partner. For a brace the message stands where it was missed, and "
        "points to the opening one. Where several could be meant, indentation decides: a `}` that starts a line "
        "closes a brace whose line is not indented further.",
        "device vnni {\n  threads 1",
        "device vnni {\n  threads 1\n}",
    ),
    Code(
        "SP0003",
        "a closing bracket without an opening one",
        "There is no open bracket here, or it is of another kind.",
        "device vnni { widths multiple of 16 } }",
        "device vnni { widths multiple of 16 }",
    ),
    Code(
        "SP0004",
        "a string is not closed",
        'A string starts and ends with `"` on the same line. A quote inside is written `\\"`, a backslash `\\\\`.',
        'import "std/blocks.space',
        'import "std/blocks.space"',
    ),
    Code(
        "SP0005",
        "a character that means nothing",
        "Outside strings and comments, a text consists of letters a-z and A-Z, digits, _ and the signs of the "
        "grammar. Editors and web pages like to replace quotes, minus signs and spaces by look-alikes: those are "
        "named in the message.",
        "import “std/blocks.space”",
        'import "std/blocks.space"',
    ),
    Code(
        "SP0006",
        "not a number",
        "Numbers are written like 24, 0.25 or 1e-5: without leading zeros, without grouped digits, with digits on "
        "both sides of the point. A unit is a word of its own; a name starts with a letter.",
        "hyperspace a on vnni { targets latency {8, 10}ms, resolution 0224, dropout .5 }",
        "hyperspace a on vnni { targets latency {8, 10} ms, resolution 224, dropout 0.5 }",
    ),
    Code(
        "SP0007",
        "an unknown escape",
        'In strings, `\\"` is a quote and `\\\\` a backslash; there are no other escapes. Paths are written with '
        "forward slashes on every system.",
        'import "std\\blocks.space"',
        'import "std/blocks.space"',
    ),
    Code(
        "SP0010",
        "the text is too large",
        "A text may be up to 1 MiB long, with up to 300 000 words, numbers, signs, comments and line breaks. What a "
        "person writes, and what is generated from it, is far smaller, so another file was probably given by "
        "mistake.",
    ),
    Code(
        "SP0011",
        "brackets are nested too deeply",
        "Brackets may be nested 16 deep; the language itself needs five.",
        "language {{{{{{{{{{{{{{{{{1}}}}}}}}}}}}}}}}}",
        "language 1",
    ),
    Code(
        "SP0012",
        "too many items",
        "A pair of brackets, or the top of a file, may hold up to 10 000 items. Write long lists of numbers as a "
        "range: `16..4096 step 16`.",
    ),
    Code(
        "SP0013",
        "a number is too long",
        "A number may have up to 18 digits, the most that a 64-bit integer holds, and must be finite.",
        "evolution { seed 1234567890123456789 }",
        "evolution { seed 1234567890 }",
    ),
    Code(
        "SP0014",
        "an expression is too long",
        "An expression may have up to 100 operators. Give its parts names: `hidden = …`.",
    ),
    Code(
        "SP0015",
        "too many errors",
        "After 100 syntax errors, the rest of the file is not read. It is probably not a .space file.",
    ),
    Code(
        "SP0016",
        "an opening brace on a line of its own",
        "A line break ends a property, so the brace that opens a body goes at the end of the line before.",
        "device d\n{ runtime onnxruntime }",
        "device d { runtime onnxruntime }",
    ),
    Code(
        "SP0017",
        "a comment in the form of another language",
        "A comment begins with `#` and goes on to the end of the line. A comment can't span several lines.",
        "language 1 // the version",
        "language 1 # the version",
    ),
    Code(
        "SP0018",
        "a decimal comma",
        "Numbers have a decimal point. A comma ends a value or separates two of them.",
        "hyperspace a on vnni { targets latency {0,05, 0,07} ms }",
        "hyperspace a on vnni { targets latency {0.05, 0.07} ms }",
    ),
)
