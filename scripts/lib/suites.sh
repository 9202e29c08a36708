# shellcheck shell=bash
# The suites of scripts/test, one function each.  Needs say.sh, proc.sh, build.sh, ROOT, and TEST, the folder for builds and logs.
#
# A suite writes all its output to one log and one line "passed failed" to $TEST/result/<suite>.

suite_result() { # suite passed failed
    printf '%s %s\n' "$2" "$3" >"$TEST/result/$1"
}

# Sanitizers stop at the first report and end by abort: Criterion hides some exit codes, but not a signal.
suite_environment() {
    export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    [ ! -f "$ROOT/tests/race/tsan.supp" ] || TSAN_OPTIONS+=:suppressions=$ROOT/tests/race/tsan.supp
    [ ! -f "$ROOT/tests/lsan.supp" ] || export LSAN_OPTIONS=suppressions=$ROOT/tests/lsan.supp
    # what the caller has set must not reach the daemons under test
    local name
    for name in $(compgen -e WAYSTATION_) NATS_URL DATABASE_URL; do
        unset "$name"
    done
}

# ---- builds: one folder per kind ----

build_kind() { # plain | asan | tsan
    local options='-DWAY_FAULTS=ON -DWAY_WERROR=ON'
    case $1 in
    plain) options+=' -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo' ;;
    # clang here: the same sources pass the warnings of both compilers
    asan) options+=' -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 -DWAY_SANITIZE=address,undefined' ;;
    tsan) options+=' -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 -DWAY_SANITIZE=thread' ;;
    esac
    build_into "$TEST/build-$1" "$TEST/log/build-$1" "$options" all
}

# ---- C tests ----

suite_ctest() { # suite kind label [nats-server]
    local suite=$1 kind=$2 label=$3 nats=${4:-} log=$TEST/log/$1 run=()
    [ -z "$nats" ] || run=("$ROOT/scripts/with-servers" --nats "$nats" --)
    local jobs=1 code=0
    [ "$label" != unit ] || jobs=$(build_jobs)
    # Criterion 2.4's own runner leaks now and then when tests run side by side, so where leaks count they do not
    [ "$kind" != asan ] || run+=(env CRITERION_JOBS=1)
    "${run[@]}" ctest --test-dir "$TEST/build-$kind" -L "^$label\$" -V -j "$jobs" --no-tests=ignore >"$log" 2>&1 || code=$?
    if [ "$code" != 0 ] && [ "$code" != 8 ]; then # 8: some tests failed
        suite_result "$suite" 0 1                 # ctest itself did not get to its end
        return
    fi
    # shellcheck disable=SC2046 # two numbers
    suite_result "$suite" $(awk -f "$ROOT/scripts/lib/tally.awk" "$log")
}

# ---- black-box tests ----

suite_pytest() { # suite kind nats-server
    local suite=$1 kind=$2 nats=$3 xml=$TEST/result/$1.xml sanitized=
    [ "$kind" = plain ] || sanitized=1
    rm -f "$xml"
    (
        cd "$ROOT"
        WAY_TEST_BIN=$TEST/build-$kind/waystation WAY_TEST_NATS=$nats WAY_TEST_SANITIZED=$sanitized \
            WAY_TEST_FLIGHTS=$(test_flights) WAY_TEST_BUILD=$TEST/build-$kind \
            timeout --foreground -s INT -k 60 1200 /usr/bin/python3 -m pytest -p no:cacheprovider -q -rfEs --durations=12 --tb=short --junitxml="$xml" \
            tests/integration
    ) >"$TEST/log/$suite" 2>&1 || true
    if [ -s "$xml" ]; then
        local passed failed skipped
        read -r passed failed skipped < <(/usr/bin/python3 "$ROOT/scripts/lib/junit.py" "$xml")
        suite_result "$suite" "$passed" "$failed"
        [ "$skipped" = 0 ] || printf '%s\n' "$skipped" >"$TEST/result/$suite.skipped"
    else
        suite_result "$suite" 0 1
    fi
}

# ---- tests that are scripts: every line "ok …" or "not ok …" is one ----

suite_script() { # suite folder
    local suite=$1 log=$TEST/log/$1 file passed failed code
    : >"$log"
    for file in "$ROOT/tests/$2"/test_*; do
        [ -x "$file" ] || continue
        code=0
        printf '# %s\n' "$(basename "$file")" >>"$log"
        WAY_TEST_BIN=$TEST/build-plain/waystation timeout --foreground -k 20 600 "$file" >>"$log" 2>&1 || code=$?
        if [ "$code" != 0 ] && ! tail -n 200 "$log" | grep -q '^not ok'; then
            printf 'not ok %s ended with code %s\n' "$(basename "$file")" "$code" >>"$log"
        fi
    done
    passed=$(grep -c '^ok ' "$log" || true)
    failed=$(grep -c '^not ok ' "$log" || true)
    suite_result "$suite" "$passed" "$failed"
}

# ---- what tests need from outside; each prints a path, or nothing with the reason in a .skip file ----

test_go() {
    if [ -x /usr/local/go/bin/go ]; then
        printf '/usr/local/go/bin/go\n'
    else
        command -v go
    fi
}

# The newest nats-server, built once a week.
test_nats_newest() {
    local dir=$ROOT/.cache/nats-newest go
    if [ -x "$dir/nats-server" ] && [ -n "$(find "$dir/nats-server" -mtime -7 2>/dev/null)" ]; then
        printf '%s\n' "$dir/nats-server"
        return 0
    fi
    if ! go=$(test_go); then
        [ ! -x "$dir/nats-server" ] || printf '%s\n' "$dir/nats-server"
        [ -x "$dir/nats-server" ]
        return
    fi
    mkdir -p "$dir"
    if GOBIN=$dir "$go" install github.com/nats-io/nats-server/v2@latest >"$TEST/log/nats-newest" 2>&1; then
        touch "$dir/nats-server"
    fi
    [ -x "$dir/nats-server" ] && printf '%s\n' "$dir/nats-server"
}

# A public data set of flight records; tests that use it skip themselves without.
test_flights() {
    local dir=$ROOT/.cache
    if [ ! -s "$dir/flights-20k.json" ] && command -v npm >/dev/null; then
        mkdir -p "$dir"
        (cd "$dir" && npm pack --silent vega-datasets@2 && tar -xzf vega-datasets-2.*.tgz --strip-components=2 \
            package/data/flights-20k.json && rm -f vega-datasets-2.*.tgz) >/dev/null 2>&1 || true
    fi
    [ ! -s "$dir/flights-20k.json" ] || printf '%s\n' "$dir/flights-20k.json"
}
