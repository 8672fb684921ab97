"""Codes of the command line."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1001",
        "no such version",
        "`REV:PATH` is the file PATH, from the root of the repository, as it stood in the git revision REV. Git "
        "knows no such revision, the file isn't in it, or this folder isn't a git repository.",
        "spacelang diff main~1:vnni.space specs/vnni.space",
        "spacelang diff main~1:specs/vnni.space specs/vnni.space",
    ),
    Code(
        "SP1002",
        "not this kind of space",
        "The command needs another kind of space: `decode`, `evolve` and `solve` search a hyperspace, `encode` "
        "writes the encoding of a space that was found in one, `sample` draws models, of which a model is just one. "
        "`spacelang decode` writes out a space of a hyperspace, and `spacelang score` judges a space.",
        "spacelang encode specs/vnni.space",
        "spacelang encode specs/spaceevo_vnni.space",
    ),
    Code(
        "SP1003",
        "a space of no hyperspace",
        "An encoding names a space within its hyperspace, so the space must say which one it is from and by which "
        "encoding. Those that `evolve`, `solve` and `decode` write do.",
        "spacelang encode specs/mobilenetv3.space",
        "spacelang encode specs/spaceevo_vnni.space",
    ),
    Code(
        "SP1011",
        "the file was edited",
        "The command would write over a file that isn't as spacelang wrote it. Choose another name, or let `--force` "
        "overwrite it.",
    ),
    Code(
        "SP1012",
        "nobody to ask",
        "The command asks before it changes a repository or a file, and its input is no terminal. Say by options what "
        "it should do.",
    ),
    Code(
        "SP1010",
        "an argument of another kind",
        "A function of the Python API got something else than it takes, such as the path of a file in place of the "
        "space in it, or an encoding in place of a genome. The message says what it takes.",
    ),
)
