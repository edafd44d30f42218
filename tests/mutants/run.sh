#!/usr/bin/env bash
# Proves the proof: plants bugs in copies of the sources, one at a time, and requires the tests to fail.
#
#   tests/mutants/run.sh                   every NAME.patch here, after the copy has passed without any: `make mutants`
#   tests/mutants/run.sh NAME...           some of them
#   tests/mutants/run.sh --quick NAME...   some of them, by the tests that they name alone: a part of `make test`
#   tests/mutants/run.sh --stale           only lists those that no longer apply
#
# A patch begins with two lines of its own: what it plants, and the tests that are tried first,
#
#   The gradients of a value that is used twice overwrite each other.
#   try: double test_tape.cpp
#
# They, or all tests, first have to pass where nothing is planted. If they pass where it is, the whole suite decides, in
# double and in float. A test that crashes or hangs (five minutes; for the whole suite thirty) has failed too. A patch that
# no longer applies, or does not compile, is an error. Copies live in build/mutants; in each, only what a bug touches is
# built anew. MUTANT_JOBS says how many are tried at a time (one on each core).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
here=tests/mutants copies=$PWD/build/mutants
unset MAKEFLAGS MAKELEVEL MFLAGS
export OMP_WAIT_POLICY=passive

command -v patch >/dev/null || { echo "mutants: patch is missing; expected on this machine; run: make deps" >&2; exit 1; }
apply() { patch --directory="$2" -p1 --silent --fuzz=0 --no-backup-if-mismatch "${@:3}" <"$here/$1.patch"; }
applies() { apply "$1" . --dry-run >/dev/null 2>&1; }
touched() { sed -n 's,^+++ b/\([^[:space:]]*\).*,\1,p' "$here/$1.patch"; }

make_copy() {  # times are kept, so that make finds everything built
  mkdir -p "$1/build"
  local entry
  for entry in *; do
    case $entry in build | runs | data) ;; *) cp -a "$entry" "$1" ;; esac
  done
  cp -a build/dependencies build/float build/double "$1/build"
}

# Puts back what a mutant changed, with the old times.
restore() {  # copy, mutant
  local file
  for file in $(touched "$2"); do cp -p "$file" "$1/$file"; done
  (cd "$1" && find apps build -type f -newer planted) | while read -r file; do
    if [ -e "$file" ]; then cp -p "$file" "$1/$file"; else rm "$1/$file"; fi
  done
}

build() { (cd "$1" && make --silent REAL="$2" $([ $quick = 1 ] || echo all) "build/$2/tests/tests"); }
run_tests() {  # copy, variant, seconds, options of doctest
  local programs=build/$2/apps
  [ "$2" != float ] || programs=apps
  (cd "$1" && TAPESTRY_PROGRAMS=$programs timeout "$3" "build/$2/tests/tests" --abort-after=1 "${@:4}")
}

# How a failing run of the tests ended: in which test, and how if not by an assertion. Tests that print are not meant.
ending() {  # exit code, log
  awk '/^TEST CASE:/ { test = substr($0, 13) } / (FATAL )?ERROR: / { exit } END { print test }' "$2"
  case $1 in
    1) ;;
    124) echo ", which hangs" ;;
    *) echo ", which crashes: exit code $1" ;;
  esac
}

# Prints one line: found, NOT FOUND or ERROR, and how.
try() {  # copy, mutant
  local copy=$1 mutant=$2 log=$1/log first variant file code=0
  applies "$mutant" || { echo "ERROR      $mutant: no longer applies"; return; }
  read -r _ first file < <(sed -n 2p "$here/$mutant.patch")
  touch "$copy/planted"
  apply "$mutant" "$copy"
  local stages=("$first $file" "$first" "$([ "$first" = float ] && echo double || echo float)") stage
  [ $quick = 0 ] || stages=("${stages[0]}")
  for stage in "${stages[@]}"; do
    read -r variant file <<<"$stage"
    build "$copy" "$variant" >"$log" 2>&1 || { code=error; break; }
    if [ -n "$file" ]; then
      run_tests "$copy" "$variant" 300 "--source-file=*$file" >"$log" 2>&1
    else
      run_tests "$copy" "$variant" 1800 >"$log" 2>&1
    fi
    code=$?
    [ $code = 0 ] || break
    grep -q '^\[doctest\] test cases: *[1-9]' "$log" || echo "$mutant: there are no tests in $file" >&2
  done
  case $code in
    0) echo "NOT FOUND  $mutant: $(head -1 "$here/$mutant.patch")" ;;
    error) echo "ERROR      $mutant: does not compile: $(grep -m1 error "$log")" ;;
    *) echo "found      $mutant: $(ending $code "$log" | tr -d '\n') ($variant${file:+, $file})" ;;
  esac
  restore "$copy" "$mutant"
}

quick=0 chosen=()
for word in "$@"; do
  case $word in
    --quick) quick=1 ;;
    --stale)
      for patch in "$here"/*.patch; do applies "$(basename "$patch" .patch)" || echo "$patch"; done
      exit
      ;;
    *) chosen+=("$(basename "$word" .patch)") ;;
  esac
done
names=("${chosen[@]}")
[ ${#names[@]} -gt 0 ] || for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done

jobs=${MUTANT_JOBS:-$(getconf _NPROCESSORS_ONLN)}
[ "$jobs" -le ${#names[@]} ] || jobs=${#names[@]}
rm -rf "$copies"
trap 'rm -rf "$copies"' EXIT
for ((job = 0; job < jobs; ++job)); do make_copy "$copies/$job"; done

# Where nothing is planted the tests pass: all of them, or those that the chosen mutants name.
check_copy() {  # variant, options of doctest
  build "$copies/0" "$1" && run_tests "$copies/0" "$1" 1800 "${@:2}" >"$copies/log" 2>&1 && return
  tail -20 "$copies/log"
  echo "mutants: the copy in which nothing is planted fails its tests ($*); expected it to pass"
  exit 1
}
if [ ${#chosen[@]} = 0 ]; then
  check_copy double
  check_copy float
else
  for name in "${names[@]}"; do sed -n 's/^try: //p' "$here/$name.patch"; done | sort -u >"$copies/named"
  while read -r variant file; do check_copy "$variant" "--source-file=*$file"; done <"$copies/named"
fi

for ((job = 0; job < jobs; ++job)); do
  for ((i = job; i < ${#names[@]}; i += jobs)); do try "$copies/$job" "${names[i]}"; done &
done | tee "$copies/results"
wait

found=$(grep -c '^found' "$copies/results")
echo "$found of ${#names[@]} found"
[ "$found" = ${#names[@]} ]
