# shellcheck shell=bash
# Processes that outlive the script which started them.
#
# A pid file holds "pid start-time boot-id".  The start time comes from /proc, so that a number which the
# kernel has given to another process since is never taken for ours, and never killed.

# Start time of a process in clock ticks since boot; fails when there is none.
proc_start_time() { # pid
    local line
    case $1 in '' | *[!0-9]*) return 1 ;; esac
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    line=${line##*) } # the name in parentheses may hold blanks
    # shellcheck disable=SC2086
    set -- $line
    [ "$1" != Z ] && [ "$1" != X ] || return 1
    printf '%s\n' "${20}"
}

proc_boot_id() {
    cat /proc/sys/kernel/random/boot_id 2>/dev/null || printf 'none\n'
}

proc_write() { # file pid
    local started
    started=$(proc_start_time "$2") || return 1
    printf '%s %s %s\n' "$2" "$started" "$(proc_boot_id)" >"$1.new" && mv "$1.new" "$1"
}

# Prints the pid when the process of this file still runs.
proc_pid() { # file
    local pid started boot
    { read -r pid started boot <"$1"; } 2>/dev/null || return 1
    case $pid in '' | *[!0-9]*) return 1 ;; esac
    [ "$boot" = "$(proc_boot_id)" ] && [ "$(proc_start_time "$pid")" = "$started" ] || return 1
    printf '%s\n' "$pid"
}

# Starts a command in a session of its own: neither a Ctrl-C nor the end of the terminal reaches it.
# Descriptor 9 is the lock of scripts/up; a child that kept it would keep the lock.
proc_spawn() { # pid-file log command…
    local file=$1 log=$2
    shift 2
    setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
    proc_write "$file" $!
}

# Ends the process of a pid file with a signal; after the time is over, with SIGKILL.
proc_stop() { # file signal seconds
    local pid deadline
    if pid=$(proc_pid "$1"); then
        kill "-$2" "$pid" 2>/dev/null || true
        deadline=$(($(now_ms) + $3 * 1000))
        while proc_pid "$1" >/dev/null; do
            if [ "$(now_ms)" -ge "$deadline" ]; then
                warn "process $pid did not end within $3 s of SIG$2: SIGKILL"
                kill -KILL "$pid" 2>/dev/null || true
                deadline=$((deadline + 10000))
            fi
            sleep 0.02
        done
    fi
    rm -f "$1"
}

# Whether some socket of this machine listens on the TCP port, on whatever address.
port_in_use() { # port
    local hex
    hex=$(printf ':%04X' "$1")
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v p="$hex" '$4 == "0A" && substr($2, length($2) - 4) == p { found = 1 } END { exit !found }'
}

# A port that nobody listens on, below the range that the kernel hands to outgoing connections.
port_free() {
    local port tries
    for ((tries = 0; tries < 200; tries++)); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! port_in_use "$port"; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    return 1
}

secret_hex() { # bytes
    od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}
