# shellcheck shell=bash
# What the scripts tell: progress on stdout, reasons on stderr.

say() {
    printf '%s\n' "$*"
}

warn() {
    printf 'warning: %s\n' "$*" >&2
}

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The last lines of a log, indented, so that a failure can be read without looking for the file.
say_tail() { # log [lines]
    [ -s "$1" ] || return 0
    printf 'last lines of %s:\n' "$1" >&2
    tail -n "${2:-20}" "$1" | sed 's/^/    /' >&2
}

# Milliseconds of a clock that only runs forward.
now_ms() {
    local up
    read -r up _ </proc/uptime
    up=${up/./}
    printf '%s\n' $((10#$up * 10))
}
