#!/bin/sh
# Measures the kernels and networks of both runtimes on this machine, and makes the predictors that ship from them:
#     sh benchmarks/remeasure.sh FOLDER NAME
# NAME is the machine's, such as zen5: this gives zen5-onnxruntime-int8 and zen5-tflite-int8, with their cards. It takes
# some hours on a quiet machine; interrupted, the same command goes on.
set -eu
mkdir -p "$1"
for runtime in onnxruntime tflite; do
  set -- "$1" "$2"
  folder=$1 name=$2
  set --
  for spec in vnni mobilenetv3 ofa_resnet50 proxylessnas digits; do set -- "$@" --space "specs/$spec.space"; done
  spacelang latency collect "$@" --runtime "$runtime" --precision int8 --samples 5500 --networks 80 -o "$folder/$runtime.parquet"
  python -m benchmarks.ship "$folder/$runtime.parquet" "$name-$runtime-int8" "$runtime"
  set -- "$folder" "$name"
done
