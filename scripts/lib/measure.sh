# shellcheck shell=bash
# Numbers of repeated runs: medians, ratios, and the table of scripts/bench.  Nothing but bash and awk.

measure_us() { # now, microseconds
    printf '%s\n' "${EPOCHREALTIME/[.,]/}"
}

measure_median() { # number…
    [ $# -gt 0 ] || return 1
    printf '%s\n' "$@" | sort -g |
        awk '{ v[NR] = $1 } END { if (NR % 2) print v[(NR + 1) / 2]; else print (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Median of the ratios of pairs measured one after the other: what the machine does to both cancels out.
measure_ratio() { # "a b c" "x y z"
    local -a ours=() base=() ratios=()
    local i
    read -r -a ours <<<"$1"
    read -r -a base <<<"$2"
    for i in "${!ours[@]}"; do
        ratios+=("$(awk -v a="${ours[i]}" -v b="${base[i]}" 'BEGIN { print (b > 0 ? a / b : 0) }')")
    done
    measure_median "${ratios[@]}"
}

measure_json() { # text key: a number out of one flat line of JSON
    sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p" <<<"$1"
}

# Rows: what, ours, unit, base, "x" ratio, target, direction (min: at least, max: at most).
MEASURE_ROWS=()
measure_row() { # key text ours unit base ratio target direction
    MEASURE_ROWS+=("$1|$2|$3|$4|$5|$6|$7|$8")
}

measure_met() { # value target direction
    awk -v v="$1" -v t="$2" -v d="$3" 'BEGIN { exit !(d == "min" ? v >= t : v <= t) }'
}

measure_table() {
    local row key text ours unit base ratio target direction value mark
    printf '%-54s %12s %12s %8s %10s\n' '' 'ours' 'raw' 'ratio' 'target'
    for row in "${MEASURE_ROWS[@]}"; do
        IFS='|' read -r key text ours unit base ratio target direction <<<"$row"
        value=${ratio:-$ours}
        mark=' '
        if [ -n "$target" ] && ! measure_met "$value" "$target" "$direction"; then
            mark='<'
        fi
        printf '%-54s %12s %12s %8s %10s %s\n' "$text" "$(measure_show "$ours") $unit" \
            "${base:+$(measure_show "$base") $unit}" "${ratio:+$(printf '%.2f' "$ratio")}" \
            "${target:+$([ "$direction" = min ] && printf '≥' || printf '≤') $target}" "$mark"
    done
}

measure_show() { # number
    awk -v v="$1" 'BEGIN { if (v >= 100) printf "%.0f", v; else printf "%.1f", v }'
}

measure_rows_json() {
    local row key text ours unit base ratio target direction sep=
    for row in "${MEASURE_ROWS[@]}"; do
        IFS='|' read -r key text ours unit base ratio target direction <<<"$row"
        printf '%s{"key":"%s","text":"%s","ours":%s,"unit":"%s","raw":%s,"ratio":%s,"target":%s,"met":%s}' "$sep" "$key" "$text" \
            "$ours" "$unit" "${base:-null}" "${ratio:-null}" "${target:-null}" \
            "$(if [ -z "$target" ]; then printf null; elif measure_met "${ratio:-$ours}" "$target" "$direction"; then printf true; else printf false; fi)"
        sep=,
    done
}
