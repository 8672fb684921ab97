"""Codes of lowering, exporting and evaluating files."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1901",
        "a quantiser without a scale",
        "Quantisers take their scales from the first batch in INT8 and learn them from there on. This one never saw "
        "such a batch, so it has no scale to write integers with: the training has no epochs in INT8, was stopped "
        "before them, or a channel's values are all 0.",
        "train { epochs 30, quantised_epochs 0 }",
        "train { epochs 30, quantised_epochs 5 }",
    ),
    Code(
        "SP1902",
        "weights that are not finite",
        "A weight, a bias or a statistic of a batch norm is infinite or NaN, and so would all results be. The "
        "training diverged, or the file of weights was made by something else.",
    ),
    Code(
        "SP1903",
        "a model that the run's space doesn't hold",
        "A run holds the weights of one space: a model can be cut out of it if its resolution, depths, widths, kernels "
        "and blocks are among the space's choices. The first difference is named.",
        "spacelang export specs/seqnet_vnni_a0.space --run run -o model.onnx",
        "spacelang export found.space --run run -o model.onnx",
    ),
    Code(
        "SP1904",
        "weights that don't fit the model",
        "`--weights` takes what `spacelang search` stores beside a model: a safetensors file with the parameters and "
        "statistics of its static network, by name. This one is missing, damaged, or of another model.",
    ),
    Code(
        "SP1905",
        "an operator differs from its exact definition",
        "Before a file is written, every operator runs by itself on the integers that the exact witness has there. "
        "At least 99.5 % of its outputs must be equal, and none over 1 apart. TFLite places the windows of a mean "
        "pool differently where they are padded and the stride doesn't divide the map. Anywhere else, it is a bug in "
        "spacelang, or in this version of the runtime.",
    ),
    Code(
        "SP1906",
        "the file is less accurate than the network",
        "The file was run on validation images next to the network in torch, which computes with the same rounding. "
        "It gets over 2 % fewer of them right. Nothing was written.",
    ),
    Code(
        "SP1907",
        "the file isn't what it should be",
        "ONNX's checker must accept the file, onnxruntime must compute all of its convolutions and linear layers in "
        "integers, and it must hold the kernels of the model, which latencies are predicted for. One of these doesn't "
        "hold, so nothing was written.",
    ),
    Code(
        "SP1908",
        "an option that the format doesn't have",
        "ONNX is written for opsets 14 to 23. The torch format holds integers and reads normalised images, so it has "
        "no FP32 twin and no pixels. Weights of 7 bits are for onnxruntime on x86 processors without VNNI: other "
        "formats and float networks have no use for them.",
        "spacelang export found.space --run run -o model.onnx --opset 9",
        "spacelang export found.space --run run -o model.onnx --opset 17",
    ),
    Code(
        "SP1909",
        "not a network that can be evaluated",
        "The file is missing or damaged, or it isn't an image classifier: one square image goes in, a number for each "
        "class comes out. The runtime of its format says what is wrong with it.",
    ),
    Code(
        "SP1910",
        "images that don't fit the file",
        "The file distinguishes a fixed number of classes, and the images have another number; or it doesn't say "
        "which images it was checked on, so you have to name them.",
        "spacelang evaluate model.onnx",
        "spacelang evaluate model.onnx --data digits",
    ),
    Code(
        "SP1911",
        "a file that can't be benchmarked",
        "`bench` measures files that `spacelang export` wrote: they say which model they are of, so its FP32 twin "
        "can be measured with them. All files in one call must be for the same runtime, `--runtime`.",
        "spacelang bench found.tflite",
        "spacelang bench found.tflite --runtime tflite",
    ),
    Code(
        "SP1912",
        "a folder that exists already",
        "A SavedModel is a folder of files, and it is written to a new one: a folder that holds something can't be "
        "replaced in one step, so a reader could see half of each.",
        "spacelang export found.space --run run --to saved-model -o run",
        "spacelang export found.space --run run --to saved-model -o found_tf",
    ),
)
