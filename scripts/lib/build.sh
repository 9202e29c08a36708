# shellcheck shell=bash
# Builds with CMake and ninja.  Needs say.sh.

build_jobs() {
    nproc 2>/dev/null || printf '2\n'
}

# Configures once per set of options, then lets ninja find out what is new: a finished build costs a fraction of a second.
build_into() { # folder log "cmake options" target…
    local dir=$1 log=$2 options=$3 stamp=$1/.options
    shift 3
    mkdir -p "$dir"
    if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$options" ]; then
        rm -f "$dir/CMakeCache.txt"
        # shellcheck disable=SC2086 # options are words
        if ! cmake -S "$ROOT" -B "$dir" -G Ninja $options >>"$log" 2>&1; then
            say_tail "$log" 40
            warn "cmake could not configure $dir"
            return 1
        fi
        printf '%s\n' "$options" >"$stamp"
    fi
    if ! cmake --build "$dir" -j "$(build_jobs)" --target "$@" >>"$log" 2>&1; then
        say_tail "$log" 60
        warn "the build in $dir failed"
        return 1
    fi
}
