"""Real networks in six forms: what `predict` says of each file, against what it takes here.

    pip install --no-deps --target /tmp/timm timm
    PYTHONPATH=/tmp/timm python -m benchmarks.foreign_table INT8_PREDICTOR [FP32_PREDICTOR] [--only NAME …]

The networks are timm's with random weights, built here and stored nowhere. Each is exported by torch and quantised by
onnxruntime's own tool: per channel (U8S8), per tensor, S8S8, U8U8, and in part (only convolutions and linear layers).
A file is predicted silently, predicted with a warning, or refused; no silent figure may be off by more than a quarter.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.foreign_onnx import SIZE, Images, export
from spacelang.latency.device import pinned
from spacelang.latency.foreign import predict_onnx
from spacelang.latency.meter import Meter
from spacelang.latency.predict.predictor import LatencyEstimator
from spacelang.latency.predict.shipped import find_predictor
from spacelang.latency.runtimes.runtime import runtime
from spacelang.report.diagnostics import Report, SpacelangError

NETWORKS = (
    "mobilenetv2_100", "mobilenetv2_050", "mobilenetv2_140", "mobilenetv3_small_100", "mobilenetv3_small_050",
    "mobilenetv3_large_100", "mobilenetv3_large_075", "mnasnet_100", "mnasnet_small", "semnasnet_100", "spnasnet_100",
    "fbnetc_100", "fbnetv3_b", "efficientnet_b0", "efficientnet_lite0", "efficientnet_es", "tf_efficientnet_lite0",
    "tf_mobilenetv3_large_100", "tinynet_a", "tinynet_e", "lcnet_050", "lcnet_100", "hardcorenas_a", "mixnet_s",
    "resnet18", "resnet34", "resnet26", "resnet50", "resnet26d", "wide_resnet50_2", "resnext50_32x4d", "seresnet18",
    "regnetx_002", "regnety_002", "vgg11_bn", "densenet121", "ghostnet_100", "repvgg_a0", "convnext_atto",
    "vit_tiny_patch16_224",
)  # fmt: skip
FORMS: dict[str, dict[str, Any]] = {
    "fp32": {},
    "per channel": {"per_channel": True},
    "per tensor": {"per_channel": False},
    "S8S8": {"per_channel": True, "activation_type": QuantType.QInt8},
    "U8U8": {"per_channel": True, "weight_type": QuantType.QUInt8},
    "in part": {"per_channel": True, "op_types_to_quantize": ["Conv", "MatMul", "Gemm"]},
}
U8S8 = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
OFF, RUNS = 0.25, 20


class _Words(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name.lower()


class _Stand(types.ModuleType):
    """torchvision has no build for this torch; timm's networks need only names from it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Words(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname.partition(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        return _Stand(spec.name)

    def exec_module(self, module: types.ModuleType) -> None: ...


def files(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """The network in each form."""
    import timm

    torch.manual_seed(0)
    whole, prepared = folder / "whole.onnx", folder / "prepared.onnx"
    export(timm.create_model(name), whole)
    yield "fp32", whole
    quant_pre_process(str(whole), str(prepared))
    for form, settings in FORMS.items():
        if form != "fp32":
            path = folder / "quantised.onnx"
            given = {**U8S8, **settings}
            quantize_static(str(prepared), str(path), Images(SIZE), quant_format=QuantFormat.QDQ, **given)
            yield form, path


def line(path: Path, estimators: list[LatencyEstimator], meter: Meter) -> tuple[str, bool]:
    """What is said of a file, and whether that is silently wrong."""
    report = Report()
    try:
        predicted = float(predict_onnx(path, estimators, report).latencies.ms[0])
    except SpacelangError as error:
        codes = sorted({each.code for each in error.diagnostics})
        return f"{'refused':>12} {'':>9} {'':>8} {' '.join(codes)}", False
    ms = meter.measure(runtime("onnxruntime").load(path.read_bytes()).run, path.name, RUNS).ms
    codes = sorted({each.code for each in report.diagnostics})
    wrong = abs(predicted / ms - 1) > OFF
    said = " ".join([*codes, *(["SILENTLY WRONG"] if wrong and not codes else [])])
    return f"{predicted:>12.2f} {ms:>9.2f} {predicted / ms - 1:>+8.1%} {said}", wrong and not codes


def main(estimators: list[LatencyEstimator], names: tuple[str, ...], folder: Path) -> int:
    meter = Meter(reference_ms=estimators[0].reference_ms)
    print(f"{'network':26} {'form':12} {'predicted ms':>12} {'measured':>9} {'error':>8}")
    wrong = 0
    for name in names:
        try:
            for form, path in files(name, folder):
                said, silently = line(path, estimators, meter)
                wrong += silently
                print(f"{name:26} {form:12} {said}", flush=True)
        except Exception as error:  # what can't be built or exported says nothing of spacelang
            print(f"{name:26} {type(error).__name__}: {str(error).splitlines()[0][:80] if str(error) else ''}")
    print(f"{wrong} silent figures off by more than {OFF:.0%}")
    return wrong


if __name__ == "__main__":
    sys.meta_path.insert(0, _Finder())
    torch.set_num_threads(1)
    given, _, only = " ".join(sys.argv[1:]).partition("--only")
    with pinned(Report()), tempfile.TemporaryDirectory() as scratch:
        chosen = tuple(only.split()) or NETWORKS
        sys.exit(main([find_predictor(each) for each in given.split()], chosen, Path(scratch)) > 0)
