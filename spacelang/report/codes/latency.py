"""Codes of measured and predicted latencies."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1101",
        "too noisy to measure",
        "A reference kernel, the canary, runs before and after every measurement. Where the two differ by over 3 %, "
        "or where both are over 25 % slower than the canary is when the machine is fast, something else used the "
        "machine, and the measurement is repeated. This one was disturbed on every attempt, so nothing was recorded. "
        "Stop other programs, or try again later.",
    ),
    Code(
        "SP1102",
        "the core can't be pinned",
        "Measurements run on one core, so that the system doesn't move them between caches. This system doesn't let "
        "the process choose one: the figures are measured anyway, but expect them to vary more.",
    ),
    Code(
        "SP1103",
        "a runtime is missing",
        "Models are measured through the runtime that runs them on the device. It is installed by its own extra, "
        "because a compiler of spaces doesn't need it. In the checkout:",
        "pip install .",
        "pip install '.[onnx]'",
    ),
    Code(
        "SP1104",
        "a log of measurements can't be read",
        "Measurements are kept in a Parquet file with the fingerprint of their device. This file isn't one, or is "
        "damaged, so none of it is used. A collection that is interrupted leaves a whole file, so damage comes from "
        "elsewhere.",
    ),
    Code(
        "SP1105",
        "the log belongs to another device",
        "A log holds measurements of one processor with one version of one runtime, because latencies from different "
        "ones must not be mixed. Start another log, or continue this one on the device where it was started.",
    ),
    Code(
        "SP1106",
        "can't be measured as declared",
        "What is measured follows from the `device` that the spaces are on: its runtime, precision and threads. Here "
        "the devices differ, or the named one isn't among them.",
        "spacelang latency collect --space specs/vnni.space --space specs/pixel4.space -o log.parquet",
        "spacelang latency collect --space specs/vnni.space --space specs/pixel4.space --device vnni -o log.parquet",
    ),
    Code(
        "SP1107",
        "too busy to go on measuring",
        "Single disturbed measurements (SP1101) are tried again later, but here too many in a row were disturbed. "
        "What was measured before is in the log, and the same command goes on from there once the machine is quiet; "
        "`bench` doesn't keep a log and starts again.",
    ),
    Code(
        "SP1108",
        "the folder is in use",
        "Models to measure elsewhere are written into a folder of their own: its manifest lists everything in it.",
        "spacelang latency export-bench --space specs/pixel4.space -o .",
        "spacelang latency export-bench --space specs/pixel4.space -o bench",
    ),
    Code(
        "SP1109",
        "results from elsewhere don't fit",
        "The script next to exported models measures all of them, networks in four sweeps, and writes results.json, "
        "with the hash of the manifest. Here a file is missing or unreadable, models are missing or unknown, the "
        "script hasn't been through all sweeps, or the results belong to another export. Nothing was imported. The "
        "script goes on where it stopped.",
    ),
    Code(
        "SP1110",
        "a machine that was slowed down",
        "Latencies are scaled to the fast mode of the machine: the lowest level at which the times of a reference "
        "kernel, the canary, repeat. Half of the time the machine was over 5 % slower than that, because of other "
        "loads on it or its own heat. Latencies in one log can still be compared with each other, and with those in "
        "another log of this machine; but under such a load networks take longer than the log says.",
    ),
    Code(
        "SP1111",
        "more threads than cores",
        "A model on several threads is measured with a core for each, so that none waits for another. This process "
        "may use fewer: the machine doesn't have more, or a container or `taskset` restricts it. The time would be "
        "that of threads in turn, not of threads at once.",
        "spacelang bench specs/vnni.space --threads 64",
        "spacelang bench specs/vnni.space --threads 2",
    ),
)
