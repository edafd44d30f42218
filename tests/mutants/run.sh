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
# If those pass, the whole suite decides, in double and in float. A test that crashes, or takes more than five minutes,
# has failed too. A patch that no longer applies, or does not compile, is an error. Copies live in build/mutants; in
# each, only what a bug touches is built anew. MUTANT_JOBS says how many are tried at a time (one on each core).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
root=$PWD here=tests/mutants copies=$PWD/build/mutants
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
run_tests() {  # copy, variant, options of doctest
  local programs=build/$2/apps
  [ "$2" != float ] || programs=apps
  (cd "$1" && TAPESTRY_PROGRAMS=$programs timeout 300 "build/$2/tests/tests" --abort-after=1 "${@:3}")
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
  local log=$1/log variant file code
  applies "$2" || { echo "ERROR      $2: no longer applies"; return; }
  read -r _ variant file < <(sed -n 2p "$here/$2.patch")
  touch "$1/planted"
  apply "$2" "$1"
  local options=("--source-file=*$file" "")  # the named tests, then all of them
  for stage in "$variant named" "$variant all" "$([ "$variant" = float ] && echo double || echo float) all"; do
    set -- "$1" "$2" $stage
    [ $quick = 0 ] || [ "$4" = named ] || break
    build "$1" "$3" >"$log" 2>&1 || { echo "ERROR      $2: does not compile: $(grep -m1 error "$log")"; restore "$1" "$2"; return; }
    if [ "$4" = named ]; then run_tests "$1" "$3" "${options[0]}" >"$log" 2>&1; else run_tests "$1" "$3" >"$log" 2>&1; fi
    code=$?
    if [ $code != 0 ]; then
      echo "found      $2: $(ending $code "$log" | tr -d '\n') ($3$([ "$4" = named ] || echo ", not in $file"))"
      break
    fi
    grep -q '^\[doctest\] test cases: *[1-9]' "$log" || { echo "ERROR      $2: no tests in $file"; code=2; break; }
  done
  [ $code != 0 ] || echo "NOT FOUND  $2: $(head -1 "$here/$2.patch")"
  restore "$1" "$2"
}

quick=0 names=()
for word in "$@"; do
  case $word in
    --quick) quick=1 ;;
    --stale)
      for patch in "$here"/*.patch; do applies "$(basename "$patch" .patch)" || echo "$patch"; done
      exit
      ;;
    *) names+=("$(basename "$word" .patch)") ;;
  esac
done
[ ${#names[@]} -gt 0 ] || for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done

jobs=${MUTANT_JOBS:-$(getconf _NPROCESSORS_ONLN)}
[ "$jobs" -le ${#names[@]} ] || jobs=${#names[@]}
rm -rf "$copies"
trap 'rm -rf "$copies"' EXIT
for ((job = 0; job < jobs; ++job)); do make_copy "$copies/$job"; done

if [ $# = 0 ]; then
  for variant in double float; do
    build "$copies/0" $variant && run_tests "$copies/0" $variant >"$copies/log" 2>&1 || {
      tail -20 "$copies/log"
      echo "mutants: the copy in which nothing is planted fails its tests ($variant); expected it to pass"
      exit 1
    }
  done
  echo "the tests pass where nothing is planted"
fi

for ((job = 0; job < jobs; ++job)); do
  for ((i = job; i < ${#names[@]}; i += jobs)); do try "$copies/$job" "${names[i]}"; done &
done | tee "$copies/results"
wait

found=$(grep -c '^found' "$copies/results")
echo "$found of ${#names[@]} found"
[ "$found" = ${#names[@]} ]
