"""Codes of tables and searches."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP0701",
        "not a table",
        "A table is a Parquet file that spacelang wrote. This file can't be read, isn't Parquet, or is Parquet of "
        "another kind.",
        "spacelang table info vnni_block_table.tar.xz",
        "spacelang table info vnni.parquet",
    ),
    Code(
        "SP0702",
        "a table of another format version",
        "The layout of tables has a version, which is stored in their header. spacelang doesn't guess at a table of "
        "another version: make the table again, or use the spacelang that wrote it.",
    ),
    Code(
        "SP0703",
        "a damaged table",
        "A table says which hyperspace it belongs to, and every row must be one that this hyperspace can contain: "
        "stage, block, width list, resolution, channels, layers, a positive loss and latency. Something in this file "
        "can't be.",
    ),
    Code(
        "SP0704",
        "the table belongs to another hyperspace",
        "A table measures the stages of one hyperspace. In a hyperspace with another block, width list, depth or "
        "resolution the rows mean something else, so the table is refused, and the message names the difference. "
        "Targets and search settings may differ, and a hyperspace may be narrower: it may have fewer blocks, width "
        "lists or resolutions.",
        "spacelang evolve specs/pixel4_released.space --table vnni.parquet",
        "spacelang evolve specs/vnni_released.space --table vnni.parquet",
    ),
    Code(
        "SP0705",
        "a table without latencies",
        "Distillation gives losses; latencies belong to a device and are attached afterwards. Without them no "
        "sub-network can be compared with a target.",
        "spacelang evolve specs/digits.space --table losses.parquet",
        "spacelang table attach losses.parquet --device cost-model -o table.parquet",
    ),
    Code(
        "SP0706",
        "the table lacks rows",
        "A space is scored by the rows of its stages, and a search may reach any block and width list of the "
        "hyperspace. For some of them the table doesn't have a row yet.",
    ),
    Code(
        "SP0707",
        "latencies that look like another unit",
        "A table's latencies are milliseconds. Those of this one look like seconds or microseconds: next to the stem "
        "and head, next to the targets, or because no stage of a network runs within a microsecond. It is a warning, "
        "because a device may be like that. If it isn't, convert the column and make the table again.",
    ),
    Code(
        "SP0708",
        "an architecture with two latencies",
        "Rows may repeat an architecture: its loss was then measured more than once. Its latency on one device is the "
        "same each time, but for a few per cent where it is measured. Here it isn't, so one of the rows is wrong.",
    ),
    Code(
        "SP0710",
        "an archive that can't be imported",
        "A published table is a folder, a zip file or a tar file (also gz, bz2, xz) of CSV files. This one is "
        "damaged, holds links instead of files, holds no CSV file, or is larger than any table.",
        "spacelang table import notes.txt --space specs/vnni_released.space -o vnni.parquet",
        "spacelang table import vnni_block_table.tar.xz --space specs/vnni_released.space -o vnni.parquet",
    ),
    Code(
        "SP0711",
        "not a cell of the hyperspace",
        "A file of a published table is named `stageS_BLOCK_WINDOW.csv`: the stage counted from 1, the block's "
        "search id, the width list counted from 0. The name has another form, two files are about the same cell, the "
        "hyperspace doesn't have such a cell, or its blocks have parameters that such files can't express.",
        "stage7_0_0.csv",
        "stage6_0_0.csv",
    ),
    Code(
        "SP0712",
        "a row that the hyperspace can't contain",
        "Every row of a published table is read strictly: its form, widths, kernels, expand ratios, depth, input "
        "channels and resolution must be possible in this cell.",
        "3#72#4_5#64#6,1x48x24x24,0.3339,297.4925,2.0685,3.2369",
        "3#80#4_5#64#6,1x48x24x24,0.3339,297.4925,2.0685,3.2369",
    ),
    Code(
        "SP0713",
        "costs that differ",
        "With `--verify` the FLOPs and parameters of each row are computed from the hyperspace. They differ from "
        "what the row says, so the blocks don't mean the same as where the table was made.",
    ),
    Code(
        "SP0714",
        "fixed latencies that don't fit",
        "A network's latency is that of its stages plus that of stem and head. Stem and head are measured in their "
        "smallest setting, once for each resolution of the hyperspace: give one latency above 0 for each of them, "
        "and no others.",
        "--fixed-latency 160=1.751",
        "--fixed-latency 160=1.751,192=2.277,224=2.801",
    ),
    Code(
        "SP0720",
        "a setting is missing",
        "A search needs targets, a way to score and, to evolve, the sizes of the evolution. Nothing is assumed: "
        "write them in the space, or give them to the command.",
        "hyperspace tiny on vnni { … }",
        "hyperspace tiny on vnni { … targets latency {8, 10} ms }",
    ),
    Code(
        "SP0721",
        "a sampled score has no proved optimum",
        "The bounds of `solve` hold for exact scores. A sampled score depends on its draws, and may be anything "
        "below that.",
        "quality { estimator sampled { samples 5000 }, top 20 }",
        "quality { estimator exact, top 20 }",
    ),
    Code(
        "SP0722",
        "nothing is fast enough",
        "Not one sub-network of the hyperspace is within the largest target, so every space would score 0.",
        "targets latency {1} ms",
        "targets latency {8, 10} ms",
    ),
    Code(
        "SP0723",
        "the wrong kind of space",
        "Only a space, in which every stage has one block and one width list, has a score. A search needs a "
        "hyperspace that holds more than one space.",
    ),
    Code(
        "SP0724",
        "an impossible setting",
        "A setting of the search is outside its legal range, or settings contradict each other.",
        "evolution { population 100, sample 125, spaces 5000, seed 0 }",
        "evolution { population 500, sample 125, spaces 5000, seed 0 }",
    ),
    Code(
        "SP0725",
        "not what this function takes",
        "A Python function was given something other than what it takes: a path instead of a table, an encoding "
        "instead of a space, a dict instead of settings. The message says what it was given and what it takes.",
        'spacelang.solve(space, "vnni.parquet")',
        'spacelang.solve(space, spacelang.read_table("vnni.parquet"))',
    ),
    Code(
        "SP0730",
        "not a history",
        "A history is a file of JSON lines that a search wrote: a header, then one line for each space in order. A "
        "last line that was cut off is fine; this file is something else, or has been changed.",
    ),
    Code(
        "SP0731",
        "a history of another search",
        "A search is resumed by replaying its history, so hyperspace, table, targets, quality, algorithm and seed "
        "must be those that it started with. Only the number of spaces may grow.",
    ),
    Code(
        "SP0732",
        "a history that can't be opened",
        "A new history should start but the file already exists, or one should be resumed and the file doesn't "
        "exist, or the file can't be read or written.",
    ),
)
