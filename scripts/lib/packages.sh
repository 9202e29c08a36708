# shellcheck shell=bash
# shellcheck disable=SC2034 # the lists are read by the scripts that source this
# Debian packages: installs what is missing, and says what.  Needs say.sh.

PACKAGES_BUILD=(gcc libc6-dev cmake ninja-build pkg-config libnats-dev libpq-dev libwebsockets-dev
    libwebsockets-evlib-ev libev-dev libcjson-dev libmurmurhash-dev libsodium-dev libcurl4-openssl-dev)
PACKAGES_TEST=(libcriterion-dev clang libclang-rt-14-dev python3 python3-pytest wrk curl shellcheck git pgbouncer)

packages_missing() { # package…
    local p
    for p in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s\n' "$p"
    done
}

# Runs a command as root: directly, or by sudo.
packages_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# The packages of nats-server and Postgres bring system services which would take the ports at once and at every
# boot.  Ours are private, so while we install these two, nothing is started and no cluster is made; and a
# service that came with our installation is not left enabled.  In a subshell: its trap cleans up after a Ctrl-C too.
packages_install_quietly() (
    log=$1
    policy=/usr/sbin/policy-rc.d
    cluster=/etc/postgresql-common/createcluster.d/waystation.conf
    made=()
    shift
    trap '[ ${#made[@]} = 0 ] || packages_as_root rm -f "${made[@]}"' EXIT
    trap 'exit 130' INT TERM HUP
    if [ ! -e "$policy" ]; then
        made+=("$policy")
        printf '#!/bin/sh\nexit 101\n' | packages_as_root tee "$policy" >/dev/null
        packages_as_root chmod 0755 "$policy"
    fi
    case " $* " in
    *' postgresql '*)
        made+=("$cluster")
        packages_as_root mkdir -p "$(dirname "$cluster")"
        printf 'create_main_cluster = false\n' | packages_as_root tee "$cluster" >/dev/null
        ;;
    esac
    packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" \
        >>"$log" 2>&1 || exit 1
    case " $* " in
    *' nats-server '*)
        if [ -d /run/systemd/system ]; then
            packages_as_root systemctl disable nats-server.service >>"$log" 2>&1 || true
        fi
        ;;
    esac
)

# log: where apt's own words go.
packages_need() { # log package…
    local log=$1 missing
    shift
    mapfile -t missing < <(packages_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "missing: ${missing[*]}; only Debian's apt is known here, install them yourself"
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        die "missing packages, and neither root nor sudo to install them: apt-get install ${missing[*]}"
    fi
    say "installs ${#missing[@]} Debian packages: ${missing[*]}"
    if ! packages_install_quietly "$log" "${missing[@]}"; then
        # an old or empty package list is the usual reason
        packages_as_root apt-get update >>"$log" 2>&1 || true
        packages_install_quietly "$log" "${missing[@]}" || {
            say_tail "$log"
            die "apt-get could not install ${missing[*]}"
        }
    fi
}
