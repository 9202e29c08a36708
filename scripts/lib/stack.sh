# shellcheck shell=bash
# shellcheck disable=SC2034 # HTTP_* are read by the scripts that source this
# The stack below .waystation: what runs, and how it is stopped.  Needs say.sh, proc.sh, servers.sh, ports.sh, ROOT.
#
#   .waystation/credentials     root's name and password, 0600
#   .waystation/stack           what the last `up` started, and where: key=value lines
#   .waystation/waystation.pid  waystation.log, nats/, postgres/
#
# One `up` or `down` at a time: both hold a lock on the repository's folder, which no --purge can remove.

STACK=$ROOT/.waystation

stack_lock() {
    exec 9<"$ROOT"
    if ! flock -n 9; then
        say "another scripts/up or scripts/down is at work: waits for it"
        flock -w 900 9 || die "it did not finish within 15 minutes"
    fi
}

stack_unlock() {
    exec 9<&-
}

stack_get() { # key
    sed -n "s/^$1=//p" "$STACK/stack" 2>/dev/null
}

stack_part_pid_file() { # waystation | nats | postgres
    case $1 in
    waystation) printf '%s\n' "$STACK/waystation.pid" ;;
    *) printf '%s\n' "$STACK/$1/pid" ;;
    esac
}

stack_part_runs() { # part
    proc_pid "$(stack_part_pid_file "$1")" >/dev/null
}

# Whether all that the last `up` started still runs.
stack_runs() {
    local part
    stack_part_runs waystation || return 1
    for part in nats postgres; do
        if [ "$(stack_get "$part")" = own ] && ! stack_part_runs "$part"; then
            return 1
        fi
    done
}

# Stops what runs of it, the daemon first, while its servers are still there; prints what it stopped.
stack_stop() {
    local part
    for part in waystation nats postgres; do
        stack_part_runs "$part" || continue
        [ -n "${STACK_QUIET:-}" ] || say "stops $part"
        case $part in
        waystation) proc_stop "$STACK/waystation.pid" TERM 40 ;;
        nats) servers_nats_stop "$STACK/nats" ;;
        postgres) servers_pg_stop "$STACK/postgres" ;;
        esac
    done
    rm -f "$STACK/waystation.pid" "$STACK/nats/pid" "$STACK/postgres/pid" "$STACK/stopping"
}

# Status code of a GET; nothing but bash, since a fresh machine has no curl.  The body goes to HTTP_BODY.
HTTP_BODY=
http_status() { # port path
    local status='' line
    HTTP_BODY=
    { exec 8<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&8 2>/dev/null || true
    IFS=' ' read -r -t 5 _ status _ <&8 || true
    while IFS= read -r -t 2 line <&8 && [ -n "${line%$'\r'}" ]; do :; done
    IFS= read -r -t 2 -N 2000 HTTP_BODY <&8 || true
    exec 8<&- 8>&-
    [ -n "$status" ] && HTTP_STATUS=${status%$'\r'}
}

# A log of more than 16 MiB becomes .old before the next start.
stack_turn_log() { # file
    if [ -f "$1" ] && [ "$(stat -c %s "$1")" -gt 16777216 ]; then
        mv -f "$1" "$1.old"
    fi
}
