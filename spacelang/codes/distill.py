"""Codes of block-wise distillation."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1301",
        "no such accelerator",
        "Training runs on a GPU where torch finds one, otherwise on the processor. What was asked for isn't there.",
        "spacelang distill build --accelerator gpu",
        "spacelang distill build --accelerator cuda",
    ),
    Code(
        "SP1302",
        "a damaged checkpoint",
        "A checkpoint is a JSON file that names a safetensors file and its hash. One of the two is missing, was "
        "changed, or was written by another version. Checkpoints are written so that a kill leaves them whole, so "
        "this is a fault of the disk or an edit. Without it, what it belongs to begins again.",
    ),
    Code(
        "SP1303",
        "no jobs of this space",
        "`bkd/jobs.json` lists the jobs of distillation with every hyperparameter. It is made from the space, so it is "
        "missing, was edited, or was made by another version. The hyperparameters are in the `distill` section of the "
        "space.",
    ),
    Code(
        "SP1304",
        "no such job",
        "The number of a job is its place in `bkd/jobs.json`, from 0 on.",
        "spacelang distill build --job 42",
        "spacelang distill build --job 41",
    ),
    Code(
        "SP1305",
        "begun with something else",
        "All students of a build learn from the same images and the same teacher, with the settings that the build "
        "was compiled with; else their losses couldn't be compared. `bkd/run.json` keeps what the first of them was "
        "begun with. Go on with that, or begin anew.",
    ),
    Code(
        "SP1306",
        "a damaged run.json",
        "`bkd/run.json` says what the distillation of a build was begun with. It can't be read, was edited, or was "
        "written by another version.",
    ),
    Code(
        "SP1307",
        "a worker died",
        "A process that trained students was ended from outside: most often by the system, for want of memory. What "
        "was trained is kept. The same command goes on from the checkpoints; fewer workers need less memory.",
    ),
    Code(
        "SP1308",
        "Ray is missing",
        "The executor `ray` runs each job as a task of a Ray cluster. Ray is installed by an extra of its own.",
        "pip install spacelang",
        "pip install 'spacelang[ray]'",
    ),
    Code(
        "SP1309",
        "a library of training is missing",
        "Distillation and training run in torch, with libraries for images, teachers and logs. They are installed by "
        "an extra of its own, because a compiler of spaces doesn't need them.",
        "pip install spacelang",
        "pip install 'spacelang[train]'",
    ),
)
