"""Codes of block-wise distillation."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1301",
        "no such accelerator",
        "Training runs on a GPU where torch finds one, otherwise on the processor. The one that was asked for isn't "
        "there.",
        "spacelang distill build --accelerator gpu",
        "spacelang distill build --accelerator cuda",
    ),
    Code(
        "SP1302",
        "a damaged checkpoint",
        "A checkpoint is a JSON file that names a safetensors file and its hash. One of the two is missing, was "
        "changed, or was written by another version. Checkpoints are written so that a kill leaves them whole, so "
        "this is a fault of the disk or an edit. Remove it, and the training that it belongs to starts again.",
    ),
    Code(
        "SP1303",
        "no distillation jobs of this space",
        "`bkd/jobs.json` lists the jobs of distillation with every hyperparameter. Here it is missing, was edited, "
        "or was made by another version; compile the space again. The hyperparameters are in the `distill` section "
        "of the space.",
    ),
    Code(
        "SP1304",
        "no such job",
        "The number of a job is its place in `bkd/jobs.json`, counted from 0.",
        "spacelang distill build --job 42",
        "spacelang distill build --job 41",
    ),
    Code(
        "SP1305",
        "started with other inputs",
        "All students of a build learn from the same images and the same teacher, with the settings that the build "
        "was compiled with; otherwise their losses couldn't be compared. `bkd/run.json` keeps what the first student "
        "started with, and each student keeps a hash of that. A table is made from these students, so it is refused "
        "too once the build has been compiled again. Continue with the original inputs, or start again. (The same "
        "images may be in another folder.)",
    ),
    Code(
        "SP1306",
        "a damaged run.json",
        "`bkd/run.json` says what the distillation of a build was started with. It can't be read, was edited, or was "
        "written by another version.",
    ),
    Code(
        "SP1307",
        "a worker died",
        "A process that trained students was ended from outside: most often by the system, for lack of memory. On a "
        "Ray cluster a whole machine may be gone. What was trained so far is kept. The same command continues from "
        "the checkpoints; fewer workers need less memory.",
    ),
    Code(
        "SP1308",
        "Ray is missing",
        "The executor `ray` runs each job as a task of a Ray cluster. Ray is installed by its own extra: `pip "
        "install '.[ray]'` in the checkout of spacelang.",
    ),
    Code(
        "SP1309",
        "a library for training is missing",
        "Distillation and training run in torch, with libraries for images, teachers and logs. They are installed by "
        "their own extra, because a compiler of spaces doesn't need them: `pip install '.[train]'` in the checkout "
        "of spacelang.",
    ),
    Code(
        "SP1310",
        "a student that diverged",
        "The loss of a student became infinite or NaN, so nothing after that could be right. The learning rate is "
        "too large for this block: `learning_rate_ends` is that of the first and the last stage, `learning_rate` "
        "that of those between, `learning_rate_quantised` that with quantisers. All students of a build have the "
        "same settings, so to use a smaller learning rate, compile the space again.",
        "distill { learning_rate 100 }",
        "distill { learning_rate 0.01 }",
    ),
    Code(
        "SP1311",
        "a job that another process trains",
        "Two processes that train the same job would replace each other's checkpoints. The second one is refused: "
        "perhaps a Slurm array was submitted again while its first tasks still run. Jobs that are already trained "
        "are skipped, so the same command can be run again later.",
    ),
    Code(
        "SP1312",
        "too few images to calibrate with",
        "Before a loss is measured, the batch norms of the network are computed from `calibration_batches` batches of "
        "the images for training. There are fewer images than that. The students don't depend on the setting, so the "
        "space may be compiled again into the same directory.",
        "distill { batch 256, calibration_batches 8 }",
        "distill { batch 256, calibration_batches 4 }",
    ),
)
