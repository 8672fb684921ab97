#!/bin/sh
# From nothing but images to INT8 files that ship: the best space, proved, and its best networks. `make demo` runs this.
#
# Everything is kept in build/digits. Stop it, run it again, and it goes on; change the spec, and only what depends on
# the change is made again.
set -eu

spec=specs/digits.space
folder=build/digits
# The table that the authors of SpaceEvo published is searched too, if it is here or next to the clone.
archive=vnni_block_table.tar.xz
[ -f "$archive" ] || archive=../$archive

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

run spacelang check "$spec"
run spacelang show "$spec"
run spacelang run "$spec" -o "$folder" --models 100

if [ -f "$archive" ]; then
  released=specs/vnni_released.space
  run spacelang table import "$archive" --space "$released" -o "$folder-published.parquet" \
    --fixed-latency 160=1.751,192=2.277,224=2.801
  run spacelang solve "$released" --table "$folder-published.parquet" -o "$folder-published.space"
fi

next() {
  printf '  %-66s %s\n' "$1" "$2"
}

printf '\nFound from images alone: %s\n' "$(spacelang encode "$folder/optimum.space")"
printf 'It is a program like the one it was searched in, %s. Next:\n\n' "$folder/optimum.space"
[ ! -f .venv/bin/activate ] || next ". .venv/bin/activate" "first, for this shell to know spacelang"
next "spacelang run $spec -o $folder --dry-run" "what is done, and what a change makes out of date"
next "ls $folder/files" "the files that ship; $folder/models holds their texts and weights"
next "spacelang evaluate $folder/train" "other networks of the supernet, FP32 and INT8"
next "spacelang predict $folder/optimum.space" "their latency on a device like that"
next "spacelang diff $folder/best.space $folder/optimum.space" "what evolution found against the proved optimum"
next "spacelang table info $folder/table.parquet" "every block: its losses, its latencies"
printf '\nOr change %s and run this again; docs/whole.md is the way with images and a device of your own.\n' "$spec"
