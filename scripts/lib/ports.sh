# shellcheck shell=bash
# The ports of a stack.  One row per port: its name (the flag is --<name>-port), its usual number, its place behind
# --port-base.  Places 6 and 7 are kept for doors to come.

PORT_ROWS=(
    'rest 4444 0'
    'api 9000 1'
    'metrics 7777 2'
    'nats 4222 3'
    'nats-monitor 8222 4'
    'postgres 15432 5'
)
declare -A PORT=()       # name -> number
declare -A PORT_CHOSEN=() # name -> 1 when given by its own flag

ports_default() {
    local name usual place
    for row in "${PORT_ROWS[@]}"; do
        # shellcheck disable=SC2034 # place: not needed here
        read -r name usual place <<<"$row"
        PORT[$name]=$usual
    done
}

ports_check_number() { # flag value highest
    case $2 in
    '' | *[!0-9]*) die "$1 needs a number, not '$2'" ;;
    esac
    if [ "${#2}" -gt 5 ] || [ "$2" -lt 1 ] || [ "$2" -gt "$3" ]; then
        die "$1 $2 is not between 1 and $3"
    fi
}

ports_base() { # number
    local name usual place
    ports_check_number --port-base "$1" 65528
    for row in "${PORT_ROWS[@]}"; do
        # shellcheck disable=SC2034
        read -r name usual place <<<"$row"
        [ -n "${PORT_CHOSEN[$name]:-}" ] || PORT[$name]=$(($1 + place))
    done
}

# Whether the text is the flag of a port; sets PORT_NAME.
ports_flag() { # --rest-port
    PORT_NAME=${1#--}
    PORT_NAME=${PORT_NAME%-port}
    [ "--$PORT_NAME-port" = "$1" ] && [ -n "${PORT[$PORT_NAME]:-}" ]
}

ports_set() { # name number
    ports_check_number "--$1-port" "$2" 65535
    PORT[$1]=$2
    PORT_CHOSEN[$1]=1
}

# Two of the given ports on one number, or a number that somebody else listens on, is named with the flag that moves it.
ports_check_free() { # name…
    local name bad=0
    declare -A seen=()
    for name in "$@"; do
        if [ -n "${seen[${PORT[$name]}]:-}" ]; then
            warn "port ${PORT[$name]} is asked for twice: --${seen[${PORT[$name]}]}-port and --$name-port"
            bad=1
        elif port_in_use "${PORT[$name]}"; then
            warn "port ${PORT[$name]} is in use: move it with --$name-port N (or all of them with --port-base N)"
            bad=1
        fi
        seen[${PORT[$name]}]=$name
    done
    return "$bad"
}
