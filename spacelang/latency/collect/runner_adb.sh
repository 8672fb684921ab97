#!/bin/sh
# Measures the TFLite models of this folder on a phone: sh measure_adb.sh BENCHMARK_MODEL TFLITE_VERSION [CORE_MASK]
#
# BENCHMARK_MODEL is TensorFlow's benchmark_model for the phone's processor, TFLITE_VERSION the version it was built
# from, CORE_MASK the core to run on as a hexadecimal mask (80: the last of eight). Needs adb with one phone, and
# Python 3. It writes results.json, which `spacelang latency import` reads. Interrupted, it goes on where it stopped.
set -eu
[ $# -ge 2 ] || { echo "usage: sh measure_adb.sh BENCHMARK_MODEL TFLITE_VERSION [CORE_MASK]" >&2; exit 2; }
case $1 in /*) tool=$1 ;; *) tool=$PWD/$1 ;; esac
version=$2 mask=${3:-80} phone=/data/local/tmp/spacelang
cd "$(dirname "$0")"
adb shell "mkdir -p $phone" </dev/null
adb push "$tool" "$phone/benchmark_model" >/dev/null </dev/null
adb shell "chmod +x $phone/benchmark_model" </dev/null
cpu=$(adb shell getprop ro.product.model </dev/null | tr -d '\r')
features=$(adb shell cat /proc/cpuinfo </dev/null | sed -n 's/^Features[^:]*: //p' | head -n 1 | tr -d '\r')

# The fastest of many runs, in microseconds: the last `min=` that the tool prints.
fastest() {
  adb push "$1" "$phone/model.tflite" >/dev/null </dev/null
  adb shell "taskset $mask $phone/benchmark_model --graph=$phone/model.tflite --num_threads=1 --use_xnnpack=true \
    --warmup_runs=5 --num_runs=50 --max_secs=5" </dev/null 2>&1 | sed -n 's/.* min=\([0-9.]*\).*/\1/p' | tail -n 1
}

# measured.txt keeps every measurement, below a line that says of which models and device they are.
models=$(python3 -c 'import hashlib; print(hashlib.sha256(open("manifest.json", "rb").read()).hexdigest())')
[ -e measured.txt ] || echo "$models $version $mask $cpu" >measured.txt
[ "$(head -n 1 measured.txt)" = "$models $version $mask $cpu" ] ||
  { echo "measured.txt is of other models or another device; move it away" >&2; exit 1; }

# The canary first, then every model; networks in four sweeps over all of them, of which the fastest counts.
python3 -c '
import json

manifest = json.load(open("manifest.json"))
print(1, manifest["canary"])
for sweep in range(1, 5):
    for each in manifest["models"]:
        if sweep == 1 or each["kind"] == "network":
            print(sweep, each["file"])
' | while read -r sweep file; do
  if grep -q "^$sweep $file " measured.txt; then continue; fi
  us=$(fastest "$file")
  [ -n "$us" ] || { echo "benchmark_model measured nothing for $file" >&2; exit 1; }
  echo "$sweep $file $us" >>measured.txt
done
python3 - "$models" "$cpu" "$features" "$version" "$mask" <<'PYTHON'
import json, sys

models, cpu, features, version, mask = sys.argv[1:]
manifest = json.load(open("manifest.json"))
found = {}
for _, file, us in (line.split() for line in open("measured.txt").readlines()[1:]):
    found.setdefault(file, []).append(float(us) / 1000)
(canary,) = found.pop(manifest["canary"])
flags = sorted(set(features.split()) & set(manifest["flags"]))
device = {"cpu": f"{cpu} core mask {mask}", "flags": flags, "mhz": None, "runtime": manifest["runtime"],
          "version": version, "threads": 1}
measured = {file: {"ms": min(times), "canary_ms": canary, "sweeps": len(times)} for file, times in found.items()}
results = {"manifest_sha256": models, "device": device, "reference_ms": canary, "measured": measured}
open("results.json", "w").write(json.dumps(results))
PYTHON
