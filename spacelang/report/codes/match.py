"""Codes of networks read from ONNX files, and of networks written as TFLite."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1701",
        "no ONNX network",
        "The file can't be opened, isn't in ONNX's format, is cut off, or holds no graph. `predict` reads `.space` "
        "texts and `.onnx` files.",
        "spacelang predict notes.txt",
        "spacelang predict network.onnx",
    ),
    Code(
        "SP1702",
        "an ONNX file that is too large",
        "One ONNX file can't hold more than two gigabytes, and no network of images has so many operators. Only shapes "
        "matter for a latency: weights may lie in files beside the model, and aren't read.",
    ),
    Code(
        "SP1703",
        "weights are missing",
        "Large ONNX models keep their weights in files beside them. One of those isn't there, or the model names a "
        "file that lies elsewhere, which is refused. Copy the model together with its files.",
    ),
    Code(
        "SP1704",
        "not one image of fixed size",
        "Latencies are predicted for one image at a time, and depend on its size. So the network has one input of "
        "1 × channels × height × width in plain numbers. A batch that is a symbol is taken as 1 (SP1709); a height or "
        "width that is one has to be fixed first.",
        "spacelang predict dynamic.onnx",
        "python -m onnxruntime.tools.make_dynamic_shape_fixed --input_name x --input_shape 1,3,224,224 dynamic.onnx "
        "fixed.onnx",
    ),
    Code(
        "SP1705",
        "an operator that no kernel covers",
        "A latency is the sum of the network's kernels, and none of the kernels that are measured stands for this "
        "operator. It is an error, since an operator without a latency would make the prediction too small. Operators "
        "behind the network, such as a Softmax on the classes, can be cut off: onnx.utils.extract_model. All operators "
        "that aren't covered are named at once.",
    ),
    Code(
        "SP1706",
        "an operator in a form that no kernel has",
        "Kernels are measured on square maps whose convolutions are whole or depthwise, have square windows and one "
        "stride, aren't dilated, and pad so that a map keeps ⌈size / stride⌉. Products are those within swish, hard "
        "swish and squeeze-and-excite. Linear layers read one row. Biases, scales and the numbers of a norm are "
        "constants. The message says what this operator has instead.",
    ),
    Code(
        "SP1707",
        "quantised in part",
        "Some convolutions, linear layers or sums of the network compute in integers and some in float. Kernels are "
        "predicted in one precision. Quantise all of them, or none.",
    ),
    Code(
        "SP1708",
        "numbers of another type",
        "Kernels are measured in float32, and in 8-bit integers quantised before the network runs (statically). Half "
        "precision, 16-bit activations and dynamic quantisation have other latencies.",
    ),
    Code(
        "SP1709",
        "a batch taken as 1",
        "The network's batch is a symbol, so it runs with any. The prediction is for one image.",
    ),
    Code(
        "SP1710",
        "signed activations",
        "The network's activations are signed 8-bit integers; kernels are measured with unsigned ones. Convolutions "
        "take about the same time, but onnxruntime computes sums, products, sigmoids and pools of signed ones in "
        "float, which is slower than predicted. Quantise with activation_type=QuantType.QUInt8.",
    ),
)
