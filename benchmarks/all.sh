#!/bin/sh
# All benchmarks: sh benchmarks/all.sh FOLDER [ARCHIVE]
# Measurements are kept in FOLDER, so a second run is shorter. ARCHIVE is the published VNNI table.
set -eu
mkdir -p "$1"

collect() {
  runtime=$1 log=$2
  shift 2
  for spec in "$@"; do set -- "$@" --space "specs/$spec.space"; shift; done
  spacelang latency collect "$@" --runtime "$runtime" --precision int8 --samples 5500 --networks 80 -o "$log"
}

bench() {
  echo "== $*"
  python "$@"
}

bench benchmarks/cold_start.py
bench benchmarks/search.py ${2:+"$2"}
bench benchmarks/predict.py speed
bench benchmarks/kernel_sum.py
collect onnxruntime "$1/onnxruntime.parquet" vnni mobilenetv3 ofa_resnet50 proxylessnas digits
bench benchmarks/predict.py kernels "$1/onnxruntime.parquet"
bench benchmarks/whole_models.py "$1/onnxruntime.parquet" onnxruntime zen5-onnxruntime-int8
bench benchmarks/foreign_onnx.py
collect tflite "$1/tflite.parquet" vnni mobilenetv3 ofa_resnet50 proxylessnas digits
bench benchmarks/whole_models.py "$1/tflite.parquet" tflite zen5-tflite-int8
bench -m benchmarks.export exact
bench -m benchmarks.export latency
bench -m benchmarks.export swish
bench -m benchmarks.seqnet onnxruntime
bench -m benchmarks.seqnet tflite
bench benchmarks/distill.py
bench benchmarks/rank.py
bench benchmarks/table.py
bench benchmarks/train.py
bench benchmarks/qat.py
