#!/bin/sh
# Measures the TFLite models of this folder on a phone: sh measure_adb.sh BENCHMARK_MODEL TFLITE_VERSION [CORE_MASK]
#
# BENCHMARK_MODEL is TensorFlow's benchmark_model for the phone's processor, TFLITE_VERSION the version it was built
# from, CORE_MASK the core to run on as a hexadecimal mask (80: the last of eight). Needs adb with one phone, sha256sum
# and Python 3. It writes results.json, which `spacelang latency import` reads.
set -eu
[ $# -ge 2 ] || { echo "usage: sh measure_adb.sh BENCHMARK_MODEL TFLITE_VERSION [CORE_MASK]" >&2; exit 2; }
cd "$(dirname "$0")"
tool=$1 version=$2 mask=${3:-80} phone=/data/local/tmp/spacelang
adb shell "mkdir -p $phone" </dev/null
adb push "$tool" "$phone/benchmark_model" >/dev/null </dev/null
adb shell "chmod +x $phone/benchmark_model" </dev/null

# The fastest of many runs, in microseconds: the last `min=` that the tool prints.
fastest() {
  adb push "$1" "$phone/model.tflite" >/dev/null </dev/null
  adb shell "taskset $mask $phone/benchmark_model --graph=$phone/model.tflite --num_threads=1 --use_xnnpack=true \
    --warmup_runs=5 --num_runs=50 --max_secs=5" </dev/null 2>&1 | sed -n 's/.* min=\([0-9.]*\).*/\1/p' | tail -n 1
}

rm -f measured.txt
python3 -c 'import json; [print(each["file"]) for each in json.load(open("manifest.json"))["models"]]' |
while read -r file; do
  us=$(fastest "$file")
  [ -n "$us" ] || { echo "benchmark_model measured nothing for $file" >&2; exit 1; }
  echo "$file $us" >>measured.txt
done
canary=$(fastest "$(python3 -c 'import json; print(json.load(open("manifest.json"))["canary"])')")
cpu=$(adb shell getprop ro.product.model </dev/null | tr -d '\r')
features=$(adb shell cat /proc/cpuinfo </dev/null | sed -n 's/^Features[^:]*: //p' | head -n 1 | tr -d '\r')
python3 - "$cpu" "$features" "$version" "$canary" "$mask" <<'PYTHON'
import hashlib, json, sys

cpu, features, version, canary, mask = sys.argv[1:]
text = open("manifest.json", "rb").read()
manifest = json.loads(text)
flags = sorted(set(features.split()) & set(manifest["flags"]))
device = {"cpu": f"{cpu} core mask {mask}", "flags": flags, "mhz": None, "runtime": manifest["runtime"],
          "version": version, "threads": 1}
measured = {file: {"ms": float(us) / 1000, "canary_ms": float(canary) / 1000}
            for file, us in (line.split() for line in open("measured.txt"))}
results = {"manifest_sha256": hashlib.sha256(text).hexdigest(), "device": device, "reference_ms": float(canary) / 1000,
           "measured": measured}
open("results.json", "w").write(json.dumps(results))
PYTHON
rm -f measured.txt
