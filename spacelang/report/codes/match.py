"""Codes of networks read from ONNX files, and of networks written as TFLite."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1701",
        "not an ONNX network",
        "The file can't be opened, isn't in ONNX's format, is cut off, or holds no graph. `predict` reads `.space` "
        "texts and `.onnx` files.",
        "spacelang predict notes.txt",
        "spacelang predict network.onnx",
    ),
    Code(
        "SP1702",
        "an ONNX file that is too large",
        "One ONNX file can't hold more than two gigabytes, and no image network has that many operators. Weights may "
        "be in files next to the model.",
    ),
    Code(
        "SP1703",
        "weights are missing",
        "Large ONNX models keep their weights in files next to them. One of those isn't there, or the model names a "
        "file in another place, which is refused. Copy the model together with its files.",
    ),
    Code(
        "SP1704",
        "not one image of fixed size",
        "Latencies are predicted for one image at a time, and depend on its size. So the network has one input of 1 "
        "× channels × height × width in plain numbers. A symbolic batch is taken as 1 (SP1709); a symbolic height or "
        "width has to be fixed first.",
        "spacelang predict dynamic.onnx",
        "python -m onnxruntime.tools.make_dynamic_shape_fixed --input_name x --input_shape 1,3,224,224 dynamic.onnx "
        "fixed.onnx",
    ),
    Code(
        "SP1705",
        "an operator that no kernel covers",
        "A latency is the sum of the network's kernels, and none of the measured kernels covers this operator. It is "
        "an error, since an operator without a latency would make the prediction too small. Operators after the "
        "network, such as a Softmax on the classes, can be cut off: onnx.utils.extract_model. All operators that "
        "aren't covered are named at once.",
    ),
    Code(
        "SP1706",
        "an operator in a form that no kernel covers",
        "Kernels are measured on square maps whose convolutions are whole or depthwise, have square windows and one "
        "stride, aren't dilated, and pad so that a map keeps ⌈size / stride⌉. Products are those within swish, hard "
        "swish and squeeze-and-excite. Linear layers read one row. Biases, scales and the numbers of a norm are "
        "constants. The message says what this operator has instead.",
    ),
    Code(
        "SP1707",
        "partly quantised",
        "onnxruntime's optimiser says which operators of a quantised network will compute in integers. Here some "
        "convolutions, linear layers or sums will compute in float, even if each stands between DequantizeLinear and "
        "QuantizeLinear: their bias or weights have another type or scale than the integer operator takes, or what "
        "they make isn't quantised again. That takes several times as long. `quant_pre_process` before "
        "`quantize_static` fixes most such files. With a predictor in FP32 beside the one in INT8 (`--device` "
        "twice), the network is predicted as it is.",
    ),
    Code(
        "SP1708",
        "numbers of another type",
        "Kernels are measured in float32, and in 8-bit integers quantised before the network runs (statically). Half "
        "precision, 16-bit activations, unsigned weights and dynamic quantisation have different latencies.",
    ),
    Code(
        "SP1709",
        "a batch taken as 1",
        "The network's batch is a symbol, so it accepts any batch size. The prediction is for one image.",
    ),
    Code(
        "SP1710",
        "signed activations",
        "Some convolutions or linear layers of the network read signed 8-bit integers (S8S8); kernels are measured "
        "with unsigned ones (U8S8). On most processors signed ones take longer, and onnxruntime computes sums, "
        "products, sigmoids and pools of them in float. Quantise with activation_type=QuantType.QUInt8.",
    ),
    Code(
        "SP1711",
        "floats in a quantised network",
        "Some operators of the network will compute in float (SP1707), and are predicted by the predictor in FP32, "
        "with the quantising and dequantising around them. It was measured on float networks, where convolutions "
        "keep their maps in blocks; here onnxruntime doesn't, and they take longer, depthwise ones several times as "
        "long. Expect at least this latency.",
    ),
    Code(
        "SP1712",
        "onnxruntime can't load the file",
        "A network's latency depends on what onnxruntime makes of it, and onnxruntime refuses this one: the message "
        "is its own. Export the network again, or use a newer onnxruntime.",
    ),
)
