# shellcheck shell=bash
# shellcheck disable=SC2034 # SERVERS_* are read by the scripts that source this
# A private nats-server (JetStream) and a private Postgres: scripts/up keeps them, tests and benches start their own.
# Needs say.sh and proc.sh.
#
# Each lives in one folder: configuration, data, log, pid file.  Starting one in a folder that holds data brings
# that data back, also after a kill -9.  Port 0 means: choose a free one.

servers_nats_bin() {
    if [ -n "${WAY_TEST_NATS:-}" ]; then
        printf '%s\n' "$WAY_TEST_NATS"
    else
        PATH=$PATH:/usr/sbin:/usr/local/bin command -v nats-server
    fi
}

# Folder of Postgres' programs; of the version that made the data, if there is data.
servers_pg_bin() { # folder
    local version dir best=
    if [ -r "$1/data/PG_VERSION" ]; then
        version=$(cat "$1/data/PG_VERSION")
        dir=/usr/lib/postgresql/$version/bin
        if [ -x "$dir/postgres" ]; then
            printf '%s\n' "$dir"
            return 0
        fi
        warn "the data in $1 is of Postgres $version, which is not installed (no $dir)"
        return 1
    fi
    for dir in /usr/lib/postgresql/*/bin; do
        [ -x "$dir/initdb" ] || continue
        if [ -z "$best" ] || [ "$(printf '%s\n%s\n' "$best" "$dir" | sort -V | tail -n 1)" = "$dir" ]; then
            best=$dir
        fi
    done
    if [ -z "$best" ] && command -v initdb >/dev/null; then
        best=$(dirname "$(readlink -f "$(command -v initdb)")")
    fi
    [ -n "$best" ] && printf '%s\n' "$best"
}

# Reads one line from a port within a second; nats-server greets with INFO.
servers_nats_greets() { # port
    local line=
    { exec 8<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    IFS= read -r -t 1 line <&8 || true
    exec 8<&- 8>&-
    [[ $line == INFO*'"jetstream":true'* ]]
}

# Starts nats-server; sets SERVERS_NATS_PORT and SERVERS_NATS_URL.
# A message may be 64 MiB, and a consumer's socket may have four of them unwritten before it is cut off.
servers_nats_start() { # program folder port [monitor-port]
    local bin=$1 dir=$2 port=$3 monitor=${4:-} tries deadline
    mkdir -p "$dir/store" || return 1
    if proc_pid "$dir/pid" >/dev/null; then
        warn "a nats-server runs in $dir already"
        return 1
    fi
    for ((tries = 0; tries < 5; tries++)); do
        [ "$3" != 0 ] || port=$(port_free) || return 1
        {
            printf 'listen: "127.0.0.1:%s"\n' "$port"
            [ -z "$monitor" ] || printf 'http: "127.0.0.1:%s"\n' "$monitor"
            printf 'max_payload: 64MB\nmax_pending: 256MB\n'
            printf 'jetstream { store_dir: "%s" }\n' "$dir/store"
        } >"$dir/nats.conf"
        proc_spawn "$dir/pid" "$dir/log" "$bin" -c "$dir/nats.conf" || true
        deadline=$(($(now_ms) + 30000))
        while :; do
            if ! proc_pid "$dir/pid" >/dev/null; then
                break # ended by itself: the port was taken meanwhile, or something is wrong
            fi
            if servers_nats_greets "$port"; then
                SERVERS_NATS_PORT=$port
                SERVERS_NATS_URL=nats://127.0.0.1:$port
                return 0
            fi
            if [ "$(now_ms)" -ge "$deadline" ]; then
                warn "nats-server on port $port did not become ready within 30 s"
                break
            fi
            sleep 0.02
        done
        servers_nats_stop "$dir"
        if [ "$3" != 0 ] || ! tail -n 3 "$dir/log" | grep -q 'address already in use'; then
            warn "nats-server did not start"
            say_tail "$dir/log"
            return 1
        fi
    done
    return 1
}

servers_nats_stop() { # folder
    proc_stop "$1/pid" TERM 20
}

# Postgres refuses to run as root: then it runs as the user `postgres`, whom its package made.
servers_pg_as() { # command…
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups --reset-env "$@"
    else
        "$@"
    fi
}

# As root: lets the user `postgres` reach the folder.  What is closed to everybody on the way gets the bare right
# to be passed through (o+x), no more: it still cannot be listed or read.
servers_pg_reach() { # folder
    local dir=$1 closed=()
    [ "$(id -u)" = 0 ] || return 0
    if ! id postgres >/dev/null 2>&1; then
        warn "running as root needs the user 'postgres' (package postgresql)"
        return 1
    fi
    while [ "$dir" != / ]; do
        dir=$(dirname "$dir")
        case $(stat -c %A "$dir") in
        *[xt]) ;;
        *) closed+=("$dir") ;;
        esac
    done
    [ ${#closed[@]} = 0 ] && return 0
    [ -n "${SERVERS_QUIET:-}" ] || say "Postgres runs as the user 'postgres': lets it pass through ${closed[*]} (chmod o+x)"
    chmod o+x "${closed[@]}"
}

# Makes the data folder in one step: a run that was cut off leaves only data.new, which the next one removes.
# Only data and socket belong to the server's user; pid file, password and log stay with whoever started it, so that
# root never acts on a file which the server could have written.
servers_pg_init() { # bin folder mode
    local bin=$1 dir=$2 sync=()
    [ "$3" != test ] || sync=(--no-sync)
    rm -rf "$dir/data.new" "$dir/pwfile"
    mkdir "$dir/data.new" && chmod 0700 "$dir/data.new" || return 1
    (umask 077 && secret_hex 24 >"$dir/password" && cp "$dir/password" "$dir/pwfile") || return 1
    servers_pg_own "$dir/data.new" "$dir/pwfile" || return 1
    servers_pg_as "$bin/initdb" -D "$dir/data.new" -U waystation --pwfile="$dir/pwfile" \
        --auth-host=scram-sha-256 --auth-local=scram-sha-256 -E UTF8 --locale=C.UTF-8 "${sync[@]}" \
        >>"$dir/log" 2>&1 || return 1
    rm -f "$dir/pwfile"
    printf 'create database waystation\n' |
        servers_pg_as "$bin/postgres" --single -D "$dir/data.new" -c fsync=off postgres >>"$dir/log" 2>&1 || return 1
    [ "$3" = test ] || sync
    mv "$dir/data.new" "$dir/data"
}

servers_pg_own() { # path…
    [ "$(id -u)" != 0 ] || chown postgres: "$@"
}

# Locks of a server that was killed: postmaster.pid and the one beside its socket.  Postgres itself only asks whether the
# number in them lives; when it does, but is not a server on this folder (a container starts counting at 1 again, a
# killed child waits for somebody to reap it), they are stale.
servers_pg_unlock() { # folder
    servers_pg_unlock_data "$1" || return 1
    rm -f "$1"/socket/.s.PGSQL.*
}

servers_pg_unlock_data() { # folder
    local pid file=$1/data/postmaster.pid deadline
    { read -r pid <"$file"; } 2>/dev/null || return 0
    case $pid in '' | *[!0-9]*) rm -f "$file" && return 0 ;; esac
    deadline=$(($(now_ms) + 10000))
    while [ "$(readlink -f "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$1/data")" ]; do
        # a real server, whose pid file got lost: end it in its own orderly way
        kill -INT "$pid" 2>/dev/null || break
        if [ "$(now_ms)" -ge "$deadline" ]; then
            warn "a Postgres with process id $pid holds $1/data and does not end"
            return 1
        fi
        sleep 0.05
    done
    rm -f "$file"
}

# Starts Postgres; sets SERVERS_PG_PORT and SERVERS_PG_URL.  mode "test" gives up safety for speed.
servers_pg_start() { # folder port [test]
    local dir=$1 port=$2 mode=${3:-} bin tries deadline options socket
    mkdir -p "$dir" || return 1
    if proc_pid "$dir/pid" >/dev/null; then
        warn "a Postgres runs in $dir already"
        return 1
    fi
    bin=$(servers_pg_bin "$dir") || {
        warn "Postgres is not installed (package postgresql)"
        return 1
    }
    servers_pg_reach "$dir" || return 1
    mkdir -p "$dir/socket" && servers_pg_own "$dir/socket" || return 1
    if [ ! -d "$dir/data" ] && ! servers_pg_init "$bin" "$dir" "$mode"; then
        warn "could not make the Postgres data folder $dir/data"
        say_tail "$dir/log"
        return 1
    fi
    servers_pg_unlock "$dir" || return 1
    options=(-c listen_addresses=127.0.0.1 -c max_connections=100 -c log_timezone=UTC)
    socket=$dir/socket
    # the path of a Unix socket has 107 bytes at most; without it loopback TCP remains
    [ $((${#socket} + 18)) -le 107 ] || socket=
    options+=(-c "unix_socket_directories=$socket")
    [ "$mode" != test ] || options+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off)
    for ((tries = 0; tries < 8; tries++)); do
        [ "$2" != 0 ] || port=$(port_free) || return 1
        if [ "$(id -u)" = 0 ]; then
            proc_spawn "$dir/pid" "$dir/log" setpriv --reuid=postgres --regid=postgres --init-groups --reset-env \
                "$bin/postgres" -D "$dir/data" -p "$port" "${options[@]}" || true
        else
            proc_spawn "$dir/pid" "$dir/log" "$bin/postgres" -D "$dir/data" -p "$port" "${options[@]}" || true
        fi
        deadline=$(($(now_ms) + 60000)) # recovery after a kill may have a lot to read
        while proc_pid "$dir/pid" >/dev/null; do
            if "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -t 2; then
                SERVERS_PG_PORT=$port
                SERVERS_PG_URL=postgresql://waystation:$(cat "$dir/password")@127.0.0.1:$port/waystation
                return 0
            fi
            if [ "$(now_ms)" -ge "$deadline" ]; then
                warn "Postgres on port $port did not become ready within 60 s"
                tries=8
                break
            fi
            sleep 0.02
        done
        servers_pg_stop "$dir"
        # after a kill -9 the old server's children need a moment to see that it is gone
        if tail -n 5 "$dir/log" | grep -q 'shared memory block'; then
            sleep 0.5
        elif [ "$2" != 0 ] || ! tail -n 5 "$dir/log" | grep -q 'Address already in use'; then
            break
        fi
    done
    warn "Postgres did not start"
    say_tail "$dir/log"
    return 1
}

servers_pg_stop() { # folder
    proc_stop "$1/pid" INT 30
}
