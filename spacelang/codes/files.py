"""Codes of files and of the command line."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1001",
        "no such file",
        "There is no file of this name. Paths on the command line are relative to the current folder, those of an "
        "`import` to the file that imports.",
        "spacelang check specs/vnii.space",
        "spacelang check specs/vnni.space",
    ),
    Code(
        "SP1002",
        "a folder, not a file",
        "The path names a folder. Name the files in it; a shell writes them out.",
        "spacelang check specs",
        "spacelang check specs/*.space",
    ),
    Code(
        "SP1003",
        "no permission",
        "The system doesn't let you read this file. `ls -l` shows whose it is.",
    ),
    Code(
        "SP1004",
        "not UTF-8",
        "A `.space` text is UTF-8. The message gives the offset of the first byte that isn't; an editor can convert it.",
    ),
    Code(
        "SP1005",
        "a file can't be read",
        "The system failed to read the file, for the reason in the message.",
    ),
    Code(
        "SP1006",
        "a file too large to be meant",
        "A `.space` text is at most 1 MiB, which is a thousand times what a large hyperspace needs. The file is "
        "likely something else.",
    ),
    Code(
        "SP1007",
        "no such version",
        "`REV:PATH` is the file PATH, from the root of the repository, as it stood in the git revision REV. Git "
        "knows no such revision, the file isn't in it, or this folder is no git repository.",
        "spacelang diff main~1:vnni.space specs/vnni.space",
        "spacelang diff main~1:specs/vnni.space specs/vnni.space",
    ),
    Code(
        "SP1008",
        "not this kind of space",
        "The command needs another kind of space: `decode`, `evolve` and `solve` search a hyperspace, `encode` "
        "writes the encoding of a space that was found in one, `sample` draws models, of which a model is just one.",
        "spacelang encode specs/vnni.space",
        "spacelang encode specs/spaceevo_vnni.space",
    ),
    Code(
        "SP1009",
        "a space of no hyperspace",
        "An encoding names a space within its hyperspace, so the space must say which one it is from and by which "
        "encoding. Those that `evolve`, `solve` and `decode` write do.",
        "spacelang encode specs/mobilenetv3.space",
        "spacelang encode specs/spaceevo_vnni.space",
    ),
)
