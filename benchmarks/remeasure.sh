#!/bin/sh
# Measures the kernels and networks of both runtimes on this machine, and makes the predictors that ship from them:
#     sh benchmarks/remeasure.sh FOLDER NAME [int8|fp32]
# NAME is the machine's, such as zen5: this gives zen5-onnxruntime-int8 and zen5-tflite-int8, with their cards. It takes
# an hour or more on a quiet machine; interrupted, the same command goes on.
set -eu
mkdir -p "$1"
folder=$1 name=$2 precision=${3:-int8}
set --
for spec in vnni mobilenetv3 ofa_resnet50 proxylessnas digits; do set -- "$@" --space "specs/$spec.space"; done
for runtime in onnxruntime tflite; do
  log="$folder/$runtime-$precision.parquet"
  spacelang latency collect "$@" --runtime "$runtime" --precision "$precision" --samples 5500 --networks 80 -o "$log"
  python -m benchmarks.ship "$log" "$name-$runtime-$precision" "$runtime" "$precision"
done
