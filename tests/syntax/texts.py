"""Texts for tests that need many: generated from the grammar, and mutations of given ones."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = (
    """\
language 1

import "std/blocks.space"

# One core.
device vnni {
  threads 1 # one
  widths multiple of 16
}
""",
    """\
block b(kernel, act) {
  hidden = round8(in * (kernel + 1)) div 2
  conv 1 -> hidden, act, when hidden != in
}
""",
    """\
hyperspace a on vnni {
  blocks {
    0 = mbv1 { kernel {3, 5}, act relu }
  }
  stage s { width 2 of 32..64 }
}
""",
    """\
model m on b {
  from space s, sha256 "…"
  stage s mbv2 { width [32, {3, 5},
    48], # c
 depth 2, }
}
# end""",
)


def specs() -> list[str]:
    """The texts of all spaces and the block library that come with the project."""
    paths = [*(ROOT / "specs").glob("*.space"), *(ROOT / "spacelang" / "std").glob("*.space")]
    return [path.read_text(encoding="utf-8") for path in sorted(paths)]


WORDS = st.sampled_from(["a", "depth", "in", "x" * 40, "block", "head", "stage", "stem", "from", "div_", "space"])
NUMBERS = st.sampled_from(["0", "3", "1.0", "1e-5", "224"])
STRINGS = st.sampled_from(['"b"', '"\\"\\\\ # {"', '""'])
SCALARS = st.recursive(
    WORDS | NUMBERS,
    lambda inner: st.one_of(
        st.builds(
            "{}{}{}".format, WORDS | NUMBERS, st.sampled_from([" + ", "*", " div ", " - ", "/"]), WORDS | NUMBERS
        ),
        st.builds("({})".format, inner),
        st.builds("f({}, {})".format, inner, inner),
    ),
    max_leaves=4,
)
COMMENTS = st.sampled_from(["# c", "#", '# { [ ( "', "#  é "])
BREAKS = st.builds(
    "{}{}{}\n{}".format,
    st.sampled_from(["", ",", " "]),
    st.sampled_from(["", "  "]) | COMMENTS,
    st.sampled_from(["", "\n", "\n\n\n"]) | st.builds("\n{}\n".format, COMMENTS),
    st.sampled_from(["", "  ", "\n"]),
)


def _joined(items: st.SearchStrategy[str], separators: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    """Items with separators between them."""
    pairs = st.lists(st.tuples(separators, items), max_size=most)
    return st.builds(lambda first, rest: first + "".join(map("".join, rest)), items, pairs)


def _phrases(groups: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inside = st.sampled_from(["", "\n", "# c\n"])
    lists = st.builds("[{}{}]".format, _joined(SCALARS | groups, st.builds(",{}".format, inside), 3), inside)
    values = SCALARS | STRINGS | lists | st.sampled_from(["2..4", "{3, 5}", "-> a", "= 3", "{}", "{ x }"]) | groups
    return st.one_of(
        st.builds("{} {}".format, WORDS, values),
        st.builds("{} {} {}".format, WORDS, WORDS, values),
        st.builds("{} = {} {}".format, NUMBERS, WORDS, values),
        WORDS,
        NUMBERS,
    )


def _lines(groups: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _joined(_phrases(groups), st.just(", ") | BREAKS, 6)


GROUPS = st.recursive(
    st.just("{}"),
    lambda inner: st.builds(
        "{{{}{}{}}}".format,
        st.just(" ") | BREAKS.map(lambda each: each.lstrip(",")),
        _lines(inner),
        st.just(" ") | BREAKS,
    ),
    max_leaves=6,
)
TEXTS = st.builds("{}{}".format, _lines(GROUPS), BREAKS)
"""Texts without errors in their syntax."""


def mutated(text: str, chance: random.Random) -> str:
    """A text with one to four things wrong: parts left out, repeated, exchanged, cut off, or characters put in."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((1, 1, 2, 5, 30)))
        match chance.randrange(6):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:end] + text[start:end] * chance.choice((1, 1, 3, 40)) + text[end:]
            case 2:
                other = chance.randrange(len(text) + 1)
                text = text[:start] + text[other : other + end - start] + text[end:]
            case 3:
                text = text[:start] if chance.random() < 0.3 else text[start:] if chance.random() < 0.1 else text
            case 4:
                text = text[:start] + chance.choice('{}()[],="#.-+*/<>!\\\n\r\t 0e\0“é\u00a0\ud800') + text[start:]
            case _:
                text = text[:start] + "".join(chr(chance.randrange(0x250)) for _ in range(3)) + text[end:]
    return text
