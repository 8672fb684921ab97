"""Codes of the command line."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1001",
        "no such version in git",
        "`REV:PATH` is the file PATH, from the root of the repository, as it was in the git revision REV. Git "
        "doesn't know such a revision, the file isn't in it, or this folder isn't a git repository.",
        "spacelang diff main~1:vnni.space specs/vnni.space",
        "spacelang diff main~1:specs/vnni.space specs/vnni.space",
    ),
    Code(
        "SP1002",
        "not this kind of space",
        "The command needs another kind of space: `decode`, `evolve` and `solve` search a hyperspace, `encode` "
        "writes the encoding of a space that was found in one, `sample` draws models, and a model is already one. "
        "`spacelang decode` writes out a space of a hyperspace, and `spacelang score` judges a space.",
        "spacelang encode specs/vnni.space",
        "spacelang encode specs/spaceevo_vnni.space",
    ),
    Code(
        "SP1003",
        "a space without a hyperspace",
        "An encoding names a space within its hyperspace, so the space must say which hyperspace it is from and with "
        "which encoding. Those that `evolve`, `solve` and `decode` write do.",
        "spacelang encode specs/mobilenetv3.space",
        "spacelang encode specs/spaceevo_vnni.space",
    ),
    Code(
        "SP1013",
        "not an architecture of this space",
        "An architecture makes a choice for every stage of one space. This one has other stages, blocks or parameters "
        "than the space that it is given with, so it was drawn from another.",
    ),
    Code(
        "SP1011",
        "the file was edited",
        "The command would overwrite a file that has been changed since spacelang wrote it. Choose another name, or "
        "let `--force` overwrite it.",
    ),
    Code(
        "SP1012",
        "nobody to ask",
        "The command asks before it changes a repository or a file, but its input isn't a terminal. Use its options "
        "to say what it should do.",
    ),
    Code(
        "SP1010",
        "an argument of another kind",
        "A function of the Python API got something other than what it takes, such as the path of a file instead of "
        "the space in it, or an encoding instead of a genome. The message says what it takes.",
    ),
)
