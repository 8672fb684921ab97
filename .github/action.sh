#!/bin/sh
# What action.yml runs. SPACES: a folder. BASE: a commit to compare with, or nothing. BREAKING: `true` fails if something
# made with the spaces before no longer fits. Annotations go to stdout, the summary to the file $GITHUB_STEP_SUMMARY.
set -u
spaces=${SPACES:-.}
summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
failed=0

spacelang check "$spaces" --format github || failed=1
spacelang fmt --check "$spaces" || failed=1

# One name a line: names with a newline in them aren't compared.
[ -z "${BASE:-}" ] || while IFS= read -r file; do
  [ -n "$file" ] || continue
  printf '### %s\n\n' "$file" >>"$summary"
  if git cat-file -e "$BASE:./$file" 2>/dev/null; then
    spacelang diff "$BASE:./$file" "$file" --breaking --format markdown >>"$summary" 2>/dev/null
    code=$?
    [ "$code" -ne 1 ] || printf 'It declares no space, or several, or has errors: compare it by lines.\n' >>"$summary"
    [ "$code" -ne 2 ] || [ "${BREAKING:-false}" != true ] || failed=1
  else
    printf 'A new file.\n' >>"$summary"
  fi
  printf '\n' >>"$summary"
done <<FILES
$(git -c core.quotePath=false diff --relative --name-only --diff-filter=d "$BASE" -- "$spaces" | grep '\.space$')
FILES

exit "$failed"
