"""Codes of images and teachers."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

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
        "To train on labels, the space must have as many classes as the images. (Distillation needs no labels, so "
        "there they may differ.)",
    ),
    Code(
        "SP1203",
        "too few images for a batch",
        "Training uses only whole batches, in every process. There are too few images for one batch.",
    ),
    Code(
        "SP1204",
        "images without a class",
        "The folder of a class gives its images their label. Images that lie next to these folders have none. "
        "(ImageNet's archive of validation images comes like that; a list that comes with it says which class each "
        "image belongs to.)",
    ),
    Code(
        "SP1205",
        "a class without images",
        "A class without any images can be neither learnt nor measured.",
    ),
    Code(
        "SP1206",
        "files that aren't images",
        "Other kinds of files among the images would be left out silently, and they might be a third of a class. "
        "Hidden files are ignored.",
    ),
    Code(
        "SP1207",
        "images with the wrong number of channels",
        "Photographs are read in colour, with 3 channels, or in grey, with 1. The space takes another number of "
        "channels.",
    ),
    Code(
        "SP1208",
        "an image that can't be read",
        "The file is damaged, isn't in the format that its name says, or is in a format that spacelang doesn't read. "
        "Images are opened when they are needed, so the first broken one stops the run. To find all of them "
        "beforehand, read every image once.",
        "spacelang data photographs",
        "spacelang data photographs --read",
    ),
    Code(
        "SP1209",
        "validation on other classes",
        "A class is identified by the name of its folder. Training and validation must have the same folders, "
        "otherwise labels would mean different things.",
    ),
    Code(
        "SP1220",
        "no such teacher",
        "Teachers are `trained`, a small network trained on the images at hand; `efficientnet-b5`, the paper's; and "
        "the networks of transformers and timm that produce feature maps.",
        "spacelang distill build --teacher resnet50",
        "spacelang distill build --teacher timm:resnet50",
    ),
    Code(
        "SP1221",
        "a teacher that isn't available",
        "The network isn't in the folder or on the hub, or the hub can't be reached. Weights are read as safetensors "
        "only, because other formats can run code when they are opened. On a machine without a network, fetch them "
        "elsewhere and name the folder.",
        "spacelang distill build --teacher efficientnet-b5",
        "spacelang distill build --teacher efficientnet-b5:weights/efficientnet-b5",
    ),
    Code(
        "SP1222",
        "weights of another network",
        "The checkpoint doesn't have all the tensors that the network needs. The rest would be random, and so would "
        "the maps.",
    ),
    Code(
        "SP1223",
        "a teacher without the right maps",
        "Students of a stage learn to turn the teacher's map before it into the one after it, so the teacher needs "
        "maps that are as many times smaller than the image as the space's own maps are. Each of its maps is used "
        "once. The teacher `trained` is built to match the space.",
    ),
    Code(
        "SP1224",
        "maps of another size",
        "At one of the space's resolutions, the teacher's map doesn't have the size of the space's own. Networks "
        "differ in how they round where a stride doesn't divide the size: here 11 pixels become 6, in some networks "
        "5.",
    ),
    Code(
        "SP1225",
        "a teacher that doesn't run",
        "The network failed on an image of the space's resolution. Some networks only take images of one size.",
    ),
    Code(
        "SP1226",
        "a teacher without maps",
        "The network doesn't produce feature maps of the form channels × height × width. Networks that work on "
        "tokens don't.",
    ),
    Code(
        "SP1227",
        "timm is missing",
        "Teachers from timm need timm installed, with a torchvision that fits the installed torch.",
        "spacelang distill build --teacher timm:resnet50",
        "pip install timm torchvision",
    ),
    Code(
        "SP1228",
        "a teacher for other channels",
        "Library networks expect colour images. Grey images are shown to them with the same values in each channel. "
        "Images with another number of channels can't be used.",
    ),
    Code(
        "SP1230",
        "a teacher trained on other images",
        "The teacher `trained` is kept and reused. The one in this folder was trained on other images, whose maps "
        "would say little about these. Remove it to train a new one, or use another folder.",
    ),
    Code(
        "SP1231",
        "a teacher for another space",
        "The teacher `trained` has one part for each stage of the space, with the stage's stride, and was trained at "
        "the space's resolutions. The one in this folder was made for a space in which these are different. Remove "
        "it to train a new one, or use another folder.",
    ),
)
