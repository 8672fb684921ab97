#!/bin/sh
# Compile a hyperspace, search it, and print what was found. `make demo` runs this.
set -eu

run() {
  echo
  echo "\$ $*"
  "$@"
}

spec=specs/vnni_released.space
archive=../shared/data/vnni_block_table.tar.xz
build=build/demo
import_table="spacelang table import $archive --space $spec -o $build/table.parquet --fixed-latency 160=1.751,192=2.277,224=2.801"
evolve="spacelang evolve $spec --table $build/table.parquet -o $build/best.space --history $build/history.jsonl"
solve="spacelang solve $spec --table $build/table.parquet -o $build/optimum.space"

mkdir -p "$build"
rm -f "$build/history.jsonl"
echo "A hyperspace: checked, and what it holds."
run spacelang check "$spec"
run spacelang show "$spec"
echo
echo "Compiled: the supernet, the distillation jobs, the kernels to measure, the encoding:"
run spacelang compile "$spec" -o "$build/compiled"

if [ ! -f "$archive" ]; then
  echo
  echo "The search needs a table of distilled blocks. There is none at $archive."
  echo "The authors of SpaceEvo published one, of 132 files named stageS_BLOCK_WINDOW.csv (Moonlit, MIT licence)."
  echo "Put them there as an archive and run \`make demo\` again. It will go on with:"
  echo
  for command in "$import_table" "$evolve" "$solve" "spacelang show $build/best.space"; do
    echo "  \$ $command"
  done
  exit 0
fi

echo
echo "The published table of distilled blocks: 132 files of 1000 rows."
run $import_table
echo
echo "Search it as the paper does, but scored exactly; then prove what the best space is:"
run $evolve
run $solve
echo
echo "What was found is a program too:"
run cat "$build/best.space"
run spacelang show "$build/best.space"
run spacelang encode "$build/best.space"
echo
echo "Next: change $spec and run this again, or start with docs/tutorial.md."
