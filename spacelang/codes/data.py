"""Codes of images and teachers."""

from __future__ import annotations

from spacelang.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1201",
        "no such images",
        "Images are `digits`, which ship with scikit-learn, or a folder in ImageNet's layout: train/CLASS/*.jpg and "
        "val/CLASS/*.jpg (or validation/). The folder, or one of the two in it, is missing or can't be read.",
    ),
    Code(
        "SP1202",
        "classes that don't fit",
        "Training on labels needs as many classes in the space as in the images. (Distillation needs no labels, so "
        "there they may differ.)",
    ),
    Code(
        "SP1203",
        "too few images for a batch",
        "Training takes whole batches only, in every process. There are fewer images than one of them needs.",
    ),
    Code(
        "SP1230",
        "a teacher of other images",
        "The teacher `trained` is kept and used again. The one in this folder was trained on other images, whose "
        "maps would say little about these. Delete its two files to train a new one, or use another folder.",
    ),
    Code(
        "SP1231",
        "a teacher for another space",
        "The teacher `trained` has one part for each stage of the space, with the stage's stride, and was trained at "
        "the space's resolutions. The one in this folder was made for a space in which these are different. Delete "
        "its two files to train a new one, or use another folder.",
    ),
    Code(
        "SP1232",
        "a damaged teacher",
        "A kept teacher is a file of weights and a JSON file that says what they are, with their SHA-256. One of "
        "them is missing, can't be read, or was changed. Delete both to train a new one.",
    ),
)
