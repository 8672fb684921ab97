"""Codes of backends and of the driver."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0801",
        "unknown backend",
        "No installed distribution offers a backend of this name. `spacelang backends` lists those that are there.",
        "spacelang compile specs/vnni.space -o build --backend latncy",
        "spacelang compile specs/vnni.space -o build --backend latency",
    ),
    Code(
        "SP0802",
        "two backends with one name",
        "Two installed distributions offer different backends under the same name, so it isn't clear which one is "
        "meant. Uninstall one of them.",
    ),
    Code(
        "SP0803",
        "a broken backend",
        "A backend could not be imported, isn't a backend, or failed while it ran. The message names the backend and, "
        "where known, the distribution that it came with; the defect is there, not in the text that was compiled.",
    ),
    Code(
        "SP0804",
        "a backend doesn't take this kind of space",
        "Not every backend can make something from every kind of space: a model, for example, has nothing to distil "
        "block by block. Without `--backend`, only those that take the space are run.",
        "spacelang compile specs/seqnet_vnni_a0.space -o build --backend bkd",
        "spacelang compile specs/seqnet_vnni_a0.space -o build --backend supernet",
    ),
    Code(
        "SP0805",
        "two backends write one file",
        "The files of all backends share one directory, so each path has one writer. `ir.json` and `manifest.json` "
        "belong to spacelang itself. Run one of the two backends at a time, into directories of their own.",
    ),
    Code(
        "SP0806",
        "a backend writes outside the directory",
        "The paths that a backend returns are relative, with forward slashes, and stay inside the output directory. "
        "This is a defect of the backend.",
    ),
    Code(
        "SP0807",
        "someone else's file is in the way",
        "The output directory holds a file that spacelang did not write under a name that it is about to write. "
        "Nothing was written. Choose another directory, move the file away, or overwrite it with `--force`.",
    ),
    Code(
        "SP0808",
        "a generated file was edited",
        "A file that an earlier compilation made has been changed since: its hash isn't the one in `manifest.json`. "
        "Compiling again would lose the change, so nothing was written. Put the change into the `.space` text, move "
        "the file away, or overwrite it with `--force`.",
    ),
    Code(
        "SP0809",
        "an unreadable manifest",
        "`manifest.json` in the output directory says which files an earlier compilation made. It can't be read, so "
        "nothing is known about the files there and nothing was written. Choose another directory, or pass `--force` "
        "to overwrite.",
    ),
    Code(
        "SP0810",
        "which space of the file?",
        "The file declares several spaces and one is needed, or it declares none of the name after the `#`. Write "
        "`FILE#NAME`.",
        "spacelang compile both.space -o build",
        "spacelang compile both.space#first -o build",
    ),
    Code(
        "SP0811",
        "the text declares no space",
        "A file that holds only blocks and devices can be imported and checked, but there is nothing in it to compile.",
        "spacelang compile specs/devices.space -o build",
        "spacelang compile specs/vnni.space -o build",
    ),
    Code(
        "SP0812",
        "an output can't be written",
        "The system refused to make the directory or a file in it: a file stands where the directory should be, the "
        "disk is full, or you don't have permission. Files are replaced one by one and each is either old or new, "
        "never half.",
    ),
    Code(
        "SP0813",
        "a space without a network",
        "For some of the choices that the space allows, a block's body gives no network, so there is nothing to "
        "generate for them. `spacelang check` finds the place in the text.",
    ),
    Code(
        "SP0814",
        "a space too large to be written out",
        "The supernet and the kernels are made by going through everything that one layer may be given: the channels "
        "it receives, its width, the values of its block's parameters. Here there are too many combinations to go "
        "through. Use fewer widths, or larger steps between them.",
    ),
)
