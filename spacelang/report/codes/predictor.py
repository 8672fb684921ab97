"""Codes of latency predictors."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1601",
        "not a predictor",
        "A predictor is a file that `spacelang latency train` wrote: an archive of a header and of plain arrays. "
        "This one is something else, was cut off, or contradicts itself. None of it is used. Train it again from its "
        "log, or use one that comes with spacelang (`spacelang latency devices`).",
        "spacelang predict model.space --device log.parquet",
        "spacelang latency train log.parquet -o server.predictor",
    ),
    Code(
        "SP1602",
        "a predictor of another version",
        "The file was written by a version of spacelang that stores predictors, or describes kernels, differently. "
        "Its figures would be wrong here. The log that it was made from is still good: train a predictor from it "
        "again.",
    ),
    Code(
        "SP1603",
        "a kind of kernel that was never measured",
        "A network's latency is the sum of its kernels', and the predictor has learned nothing about one kind of "
        "kernel in it. Leaving it out would make every latency too small. Measure kernels from a space that has this "
        "kind, and train again.",
        "spacelang predict with_swish.space --device relu_only.predictor",
        "spacelang latency collect --space with_swish.space -o log.parquet",
    ),
    Code(
        "SP1604",
        "kernels unlike those that were measured",
        "Some kernels have larger maps, or more or fewer channels, or a larger or smaller window or stride, by over "
        "a quarter, than any kernel of their kind that the predictor learned from. For these it uses its analytic "
        "base, corrected by how far that was off for the nearest kernels: the figure is a guess. Measure such "
        "kernels where it matters.",
    ),
    Code(
        "SP1605",
        "too few measurements to learn from",
        "A regressor is learned for each kind of kernel that has at least five measurements in the log, not counting "
        "the hold-out. In this precision, no kind in this log has that many. Collect more measurements.",
    ),
    Code(
        "SP1606",
        "a predictor of another device",
        "The log was measured on another processor, runtime or version than the predictor was made on. It is judged "
        "anyway, after scaling by the single factor that fits best: the error that is left is what the two devices "
        "do differently. `spacelang latency adapt` makes a predictor for this device from it.",
    ),
    Code(
        "SP1607",
        "no such predictor",
        "`--device` takes the name of a predictor that comes with spacelang (`spacelang latency devices` lists "
        "them), a file that `spacelang latency train` wrote, or `cost-model` for an analytic model that isn't of any "
        "device.",
        "spacelang predict model.space --device my_phone",
        "spacelang predict model.space --device my_phone.predictor",
    ),
    Code(
        "SP1608",
        "no predictor comes with spacelang for this runtime",
        "Without `--device`, the shipped predictor of the space's runtime, precision and threads is used, and there "
        "isn't one for these. Measure the device and train one, or use the cost model, which isn't of any device.",
    ),
    Code(
        "SP1609",
        "a network in another precision or on other threads than the predictor's",
        "INT8 kernels are up to four times as fast as those in float, and some are slower: a predictor of one "
        "precision says nothing about the other. Spaces and tables say their precision in the `device` that they are "
        "on, ONNX files by how they are quantised. Name a predictor of that precision, or `cost-model`; if there is "
        "only an INT8 predictor, quantise the network. Likewise a predictor knows one number of threads: two are not "
        "twice as fast, and by how much faster they are depends on the kernel.",
        "spacelang predict network.onnx --device zen5-onnxruntime-int8",
        "spacelang predict network.int8.onnx --device zen5-onnxruntime-int8",
    ),
    Code(
        "SP1610",
        "not published block latencies",
        "Measured latencies of whole blocks are read as SpaceEvo published them: one JSON object (or the same, packed "
        "with xz) whose keys are `Block_size_in_out_kernel_expand_stride_act` and whose values are milliseconds.",
    ),
    Code(
        "SP1611",
        "nothing to judge a predictor by",
        "A predictor is judged by kernels of the fixed hold-out and by networks that it wasn't fitted to, in its own "
        "precision. The log holds none: measure some, or name the log that the predictor was made from.",
        "spacelang latency eval server.predictor log_without_hold_out.parquet",
        "spacelang latency collect --space specs/vnni.space -o log.parquet --hold-out 500 --networks 60",
    ),
    Code(
        "SP1612",
        "kinds of kernel without enough measurements",
        "The log holds too few measurements of some kinds of kernel to learn from, or none, or the predictor was "
        "made from another log. A network that contains such a kernel can't be predicted. So it is left out when the "
        "predictor is fitted to whole networks, and when its accuracy is judged. Measure more kernels of these "
        "kinds.",
    ),
    Code(
        "SP1613",
        "the cost model isn't of a device",
        "`cost-model` is an analytic model with stated constants. No device was measured for it, so there is no card, "
        "and no log of measurements says how good it is.",
        "spacelang latency eval cost-model log.parquet",
        "spacelang latency eval zen5-onnxruntime-int8 log.parquet",
    ),
    Code(
        "SP1614",
        "kinds that were only scaled",
        "The predictor was adapted to this device, but the log held no kernels of some kinds. Those are predicted as "
        "on the other device, scaled by one factor for all kinds, which may be far off. Measure some of them.",
    ),
    Code(
        "SP1615",
        "a predictor that can't be adapted",
        "Only a predictor with an analytic base and boosted trees can be adapted: one that `spacelang latency train` "
        "made or that comes with spacelang. A forest has no base, and a predictor can't be adapted twice: start from "
        "the one that it was adapted from.",
    ),
    Code(
        "SP1616",
        "a predictor of another runtime",
        "onnxruntime and TFLite run the same network by different kernels, and one may take several times as long in "
        "the other. The named predictor was measured in another runtime than the one that the space's `device` "
        "declares. Its latencies are printed all the same: they are those of the runtime that it was measured in.",
        "spacelang predict specs/seqnet_pixel4_a0.space --device zen5-onnxruntime-int8",
        "spacelang predict specs/seqnet_pixel4_a0.space --device zen5-tflite-int8",
    ),
)
