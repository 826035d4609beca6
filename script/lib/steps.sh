# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# One line per step of the demo; the picture stays below on a terminal.

step_job=
step_count=0

# step_shown TEXT CAPTION COMMAND...: as step; not on a terminal, the picture
# of the moment in which the guest is connected is printed after it.
step_shown()
{
    local text=$1 caption=$2
    shift 2
    step_run "$text" true "$@"
    if [ -n "$picture_taken" ]; then
        printf '%s\n' "$picture_taken" "  ($caption)" ""
    fi
}

# step TEXT COMMAND...: runs it, says ✓ and its last line; ends the demo with
# one clear line if it fails.
step()
{
    local text=$1
    shift
    step_run "$text" false "$@"
}

step_run()
{
    local text=$1 photo=$2 rc=0 result
    shift 2
    step_count=$((step_count + 1))
    printf -- '-- %s\n' "$text" >>"$steps_log"
    (
        set -e
        "$@"
    ) >"$chain/log/out" 2>>"$steps_log" </dev/null {lock}<&- &
    step_job=$!
    picture_taken=
    step_wait "$text" "$photo"
    wait "$step_job" || rc=$?
    step_job=
    result=$(tail -n 1 "$chain/log/out")
    printf '%s\n' "$(cat "$chain/log/out")" >>"$steps_log"
    [ $rc -eq 0 ] || step_failed "$text" $rc
    picture_line "$(printf '✓ %-33s %s' "$text" "$result")"
}

# Draws, or takes one picture, while the step goes on.
step_wait()
{
    while $picture_live && ! ended "$step_job"; do
        picture_draw "… $1"
        sleep 0.08
    done
    while $2 && ! $picture_live && ! ended "$step_job"; do
        picture_read
        if [ "${front_state[1]}" = 4 ] && [ "${back_state[1]}" = 4 ]; then
            picture_taken=$(picture_print)
            break
        fi
    done
}

step_failed()
{
    local cause
    cause=$(grep -v '^-- ' "$steps_log" | tail -n 1 || true)
    picture_line "✗ $1"
    picture_forget
    {
        tail -n 12 "$steps_log" | sed 's/^/    /'
        local log
        for log in "$chain"/log/vtpm-*; do
            [ -s "$log" ] || continue
            printf '    -- %s\n' "${log##*/}"
            tail -n 5 "$log" | sed 's/^/    /'
        done
        printf 'demo: failed: %s (exit code %d): %s\n' "$1" "$2" \
            "${cause:-no word of why}"
    } >&2
    exit 1
}

# Ends the step that runs, if one does.
step_abandon()
{
    [ -n "$step_job" ] || return 0
    kill -TERM "$step_job" 2>/dev/null || true
    step_job=
}
