#!/bin/sh
# From nothing but images to INT8 files that ship: the best space, proved, and its best networks. `make demo` runs this.
#
# Everything is kept in build/demo: stop it, run it again, and it carries on. A changed spec, or `rm -r build/demo`, starts over.
set -eu

spec=specs/digits.space
# The table that the authors of SpaceEvo published is searched too, if it is here or next to the clone.
archive=vnni_block_table.tar.xz
[ -f "$archive" ] || archive=../$archive
demo=build/demo
device=zen5-onnxruntime-int8
begun=$(date +%s)
number=0
steps=12
[ -f "$archive" ] && steps=13

elapsed() {
  seconds=$(($(date +%s) - begun))
  printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

step() {
  number=$((number + 1))
  printf '\n=== step %d of %d, at %s: %s\n    %s\n' "$number" "$steps" "$(elapsed)" "$1" "$2"
}

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

if [ -f "$demo/digits.space" ] && ! cmp -s "$spec" "$demo/digits.space"; then
  echo "$spec has changed since the last run, so $demo is made again"
  rm -r "$demo"
fi
mkdir -p "$demo"
cp "$spec" "$demo/digits.space"

step "the text" "A hyperspace: for each stage, every block and width list worth considering."
run spacelang check "$spec"
run spacelang show "$spec"

step "compile" "The supernet as Python, a distillation job for each stage and block, the kernels to measure."
run spacelang compile "$spec" -o "$demo/compiled"

step "distil" "A teacher learns scikit-learn's digits; then a student for every stage and block learns its part of the teacher, FP32 and INT8."
run spacelang distill "$demo/compiled" --data digits

step "measure losses" "Stage architectures of every block and width list, cut out of the students: how well each does, in INT8."
run spacelang table build "$demo/compiled" -o "$demo/losses.parquet"

step "attach latencies" "How long each of them takes on a device. Losses don't depend on it, so one distillation serves every device."
run spacelang table attach "$demo/losses.parquet" --device "$device" -o "$demo/table.parquet"

step "search" "Aging evolution over all spaces, each scored by its best networks within each latency target."
rm -f "$demo/history.jsonl"
run spacelang evolve "$spec" --table "$demo/table.parquet" -o "$demo/best.space" --history "$demo/history.jsonl"

step "prove" "Branch and bound: which space is the best of all?"
run spacelang solve "$spec" --table "$demo/table.parquet" -o "$demo/optimum.space" >"$demo/proof.txt"
cat "$demo/proof.txt"

step "train" "The supernet of that space: all of its networks at once, FP32, then with quantisers."
run spacelang train "$demo/optimum.space" --data digits -o "$demo/run"

step "search models" "The best networks of the supernet within each target: cut out, calibrated and run in INT8."
run spacelang search "$demo/optimum.space" --run "$demo/run" -o "$demo/models" --models 200 --workers 2

step "export" "Each model of the front as INT8 ONNX and TFLite, verified operator by operator before the file is there."
shipped=
for model in "$demo"/models/*.space; do
  [ -f "$model" ] || continue
  name=${model%.space}
  for format in onnx tflite; do
    run spacelang export "$model" --weights "$name.safetensors" --data digits --to "$format" -o "$name.$format"
    shipped="$shipped $name.$format"
  done
done

step "judge the files" "Accuracy of the files as they ship, then what they take on this machine, INT8 and FP32."
# shellcheck disable=SC2086  # one word for each file
run spacelang evaluate $shipped --data digits
for format in onnxruntime tflite; do
  suffix=onnx
  [ "$format" = onnxruntime ] || suffix=tflite
  run spacelang bench "$demo"/models/*."$suffix" --runtime "$format" --runs 20
done

if [ -f "$archive" ]; then
  released=specs/vnni_released.space
  step "the published table" "The same search over the 132 000 distilled blocks that the authors of SpaceEvo published."
  run spacelang table import "$archive" --space "$released" -o "$demo/published.parquet" \
    --fixed-latency 160=1.751,192=2.277,224=2.801
  run spacelang solve "$released" --table "$demo/published.parquet" -o "$demo/published.space"
fi

step "what was found" "The best space of the hyperspace; each line of the table is its best network within a latency."
grep -v '^\$ ' "$demo/proof.txt" | cat -s
run cat "$demo/optimum.space"

next() {
  printf '  %-66s %s\n' "$1" "$2"
}

printf '\nDone in %s. Found from images alone: %s\n' "$(elapsed)" "$(spacelang encode "$demo/optimum.space")"
printf 'It is a program like the one it was searched in, %s. Next:\n\n' "$demo/optimum.space"
[ ! -f .venv/bin/activate ] || next ". .venv/bin/activate" "first, for this shell to know spacelang"
next "ls $demo/models" "the models: their text, weights, ONNX and TFLite"
next "spacelang evaluate $demo/run" "other networks of the supernet, FP32 and INT8"
next "spacelang predict $demo/optimum.space" "their latency on a device like that"
next "spacelang diff $demo/best.space $demo/optimum.space" "what evolution found against the proved optimum"
next "spacelang table info $demo/table.parquet" "every block: its losses, its latencies"
printf '\nOr change %s and run this again; docs/tutorial.md begins with an empty file.\n' "$spec"
