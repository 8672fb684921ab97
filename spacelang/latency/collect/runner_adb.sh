#!/bin/sh
# Measures the TFLite models of this folder on a phone: sh measure_adb.sh BENCHMARK_MODEL TFLITE_VERSION [CORE_MASK]
#
# BENCHMARK_MODEL is TensorFlow's benchmark_model for the phone's processor, TFLITE_VERSION the version it was built
# from, CORE_MASK the cores to run on as a hexadecimal mask (80: the last of eight; c0: the last two, for two threads). Needs adb with one phone, and
# Python 3. It writes results.json, which `spacelang latency import` reads. If it is interrupted, run it again: it continues.
#
# The models are copied to the phone once. A reference model, the canary, runs before and after each: latencies are
# scaled to its fast mode, and if it takes a quarter longer than its best, the phone is hot and gets a pause.
set -eu
[ $# -ge 2 ] || { echo "usage: sh measure_adb.sh BENCHMARK_MODEL TFLITE_VERSION [CORE_MASK]" >&2; exit 2; }
case $1 in /*) tool=$1 ;; *) tool=$PWD/$1 ;; esac
version=$2 mask=${3:-80} phone=/data/local/tmp/spacelang cooling=${COOLING_SECONDS:-30}
cd "$(dirname "$0")"
adb shell "mkdir -p $phone" </dev/null
adb push "$tool" "$phone/benchmark_model" >/dev/null </dev/null
adb shell "chmod +x $phone/benchmark_model" </dev/null
adb push models "$phone/" >/dev/null </dev/null
cpu=$(adb shell getprop ro.product.model </dev/null | tr -d '\r')
features=$(adb shell cat /proc/cpuinfo </dev/null | sed -n 's/^Features[^:]*: //p' | head -n 1 | tr -d '\r')

# The fastest of many runs, in microseconds: the last `min=` that the tool prints.
fastest() {
  adb shell "taskset $mask $phone/benchmark_model --graph=$phone/$1 --num_threads=$threads --use_xnnpack=true \
    --warmup_runs=5 --num_runs=50 --max_secs=5" </dev/null 2>&1 | sed -n 's/.* min=\([0-9.]*\).*/\1/p' | tail -n 1
}
less() { awk "BEGIN { exit !($1 < $2) }"; }

# measured.txt keeps every measurement, below a line that says which models and device they are for.
models=$(python3 -c 'import hashlib; print(hashlib.sha256(open("manifest.json", "rb").read()).hexdigest())')
[ -e measured.txt ] || echo "$models $version $mask $cpu" >measured.txt
[ "$(head -n 1 measured.txt)" = "$models $version $mask $cpu" ] ||
  { echo "measured.txt is for other models or another device; move it away" >&2; exit 1; }
threads=$(python3 -c 'import json; print(json.load(open("manifest.json"))["threads"])')
canary_model=$(python3 -c 'import json; print(json.load(open("manifest.json"))["canary"])')

# Every model; networks in four sweeps over all of them, and the fastest counts.
python3 -c '
import json

manifest = json.load(open("manifest.json"))
for sweep in range(1, 5):
    for each in manifest["models"]:
        if sweep == 1 or each["kind"] == "network":
            print(sweep, each["file"])
' | {
  best= before=
  while read -r sweep file; do
    if grep -q "^$sweep $file " measured.txt; then continue; fi
    for try in 1 2 3 4 5; do
      [ -n "$before" ] || before=$(fastest "$canary_model")
      us=$(fastest "$file")
      after=$(fastest "$canary_model")
      [ -n "$us" ] && [ -n "$before" ] && [ -n "$after" ] ||
        { echo "benchmark_model measured nothing for $file" >&2; exit 1; }
      canary=$before
      if less "$after" "$canary"; then canary=$after; fi
      if [ -z "$best" ] || less "$canary" "$best"; then best=$canary; fi
      before=$after
      if less "$canary" "$best * 1.25"; then break; fi
      echo "the phone is slow (canary $canary µs, was $best µs): waiting $cooling s" >&2
      sleep "$cooling"
      before=
    done
    echo "$sweep $file $us $canary" >>measured.txt
  done
}
python3 - "$models" "$cpu" "$features" "$version" "$mask" <<'PYTHON'
import json, math, sys

models, cpu, features, version, mask = sys.argv[1:]
manifest = json.load(open("manifest.json"))
rows = [(file, float(us) / 1000, float(canary) / 1000)
        for _, file, us, canary in (line.split() for line in open("measured.txt").readlines()[1:])]


def fast_mode(readings):
    """The lowest level at which the canary's times repeat."""
    ordered = sorted(readings)
    need = max(3, math.ceil(0.02 * len(ordered)))
    for at in range(len(ordered) - need + 1):
        level = ordered[at : at + need]
        if level[-1] <= level[0] * 1.02:
            return level[(need - 1) // 2]
    return ordered[0]


reference = fast_mode([canary for _, _, canary in rows])
found = {}
for file, ms, canary in rows:
    found.setdefault(file, []).append((ms * reference / canary, canary))
flags = sorted(set(features.split()) & set(manifest["flags"]))
device = {"cpu": f"{cpu} core mask {mask}", "flags": flags, "mhz": None, "runtime": manifest["runtime"],
          "version": version, "threads": manifest["threads"]}
measured = {file: {"ms": min(times)[0], "canary_ms": min(times)[1], "sweeps": len(times)}
            for file, times in found.items()}
results = {"manifest_sha256": models, "device": device, "reference_ms": reference, "measured": measured}
open("results.json", "w").write(json.dumps(results))
PYTHON
