# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154
# The chain as a picture, read live from xenstore and /proc. On a terminal it
# stays below the finished steps and is redrawn in place.

picture_live=false
[ ! -t 1 ] || [ "${TERM:-dumb}" = dumb ] || picture_live=true
picture_height=0
picture_taken=
declare -A domid front_state back_state ring_ref channel

state_names=(
    unknown Initialising InitWait Initialised Connected Closing Closed
)

# Fills the tables with one look at xenstore.
picture_read()
{
    local n line path value listing
    for n in 1 2; do
        domid[guest-$n]=${domid[guest-$n]:-$(simxen domid "guest-$n")}
        domid[vtpm-$n]=${domid[vtpm-$n]:-$(simxen domid "vtpm-$n")}
        front_state[$n]=- back_state[$n]=- ring_ref[$n]=- channel[$n]=-
    done
    listing=$(chain_store ls -f /local/domain 2>/dev/null) || return 0
    while IFS= read -r line; do
        path=${line%% = *}
        value=${line##* = \"}
        value=${value%\"}
        for n in 1 2; do
            case $path in
            "/local/domain/${domid[guest-$n]}/device/vtpm/0/state")
                front_state[$n]=$value
                ;;
            "/local/domain/${domid[guest-$n]}/device/vtpm/0/ring-ref")
                ring_ref[$n]=$value
                ;;
            "/local/domain/${domid[guest-$n]}/device/vtpm/0/event-channel")
                channel[$n]=$value
                ;;
            "/local/domain/${domid[vtpm-$n]}/backend/vtpm/"*/0/state)
                back_state[$n]=$value
                ;;
            esac
        done
    done <<<"$listing"
}

state_text()
{
    case $1 in
    [0-6]) printf '%s %s' "$1" "${state_names[$1]}" ;;
    *) printf 'no device' ;;
    esac
}

# What is worth saying of the state file of vTPM N.
state_file_text()
{
    local file=$chain/state/vtpm-$1
    if [ -e "$file" ]; then
        printf 'saved %s' "$(date -r "$file" +%H:%M:%S)"
    else
        printf 'none yet'
    fi
}

process_text()
{
    local pid
    pid=$(cat "$chain/vtpm-$1.pid" 2>/dev/null || true)
    if [ -z "$pid" ]; then
        printf 'not started'
    elif ended "$pid"; then
        printf 'KILLED'
    else
        printf 'process %d' "$pid"
    fi
}

# One row: guest N, its page and channel, its vTPM, its state file.
picture_row()
{
    local n=$1 page="no page" port="no channel" bar='- - - - - - - - -'
    local process line='──────────────' connected=false
    if [ "${front_state[$n]}" = 4 ] && [ "${back_state[$n]}" = 4 ]; then
        connected=true
    fi
    if [ "${ring_ref[$n]}" != - ]; then
        page="page, grant ${ring_ref[$n]}"
        port="event channel ${channel[$n]}"
    fi
    ! $connected || bar='◀═══════════════▶'
    printf '┌─ guest-%d ───────┐ %-17.17s ┌─ vtpm-%d ────────┐    ┌─ state ────────┐\n' \
        "$n" "$page" "$n"
    printf '│ domain %-8.8s │ %s │ domain %-8.8s │───▶│ %-14.14s │\n' \
        "${domid[guest-$n]}" "$bar" "${domid[vtpm-$n]}" "AES-256-GCM"
    printf '│ %-15.15s │ %-17.17s │ %-15.15s │    │ %-14.14s │\n' \
        "$(state_text "${front_state[$n]}")" "$port" \
        "$(state_text "${back_state[$n]}")" "$(state_file_text "$n")"
    process=$(process_text "$n")
    printf '└─────────────────┘ %17s └─ %s %s┘    └────────────────┘\n' \
        "" "$process" "${line:${#process}}"
}

picture_print()
{
    echo
    picture_row 1
    picture_row 2
}

# Takes the picture off the terminal.
picture_erase()
{
    [ $picture_height -eq 0 ] || printf '\e[%dA\r\e[J' $picture_height
    picture_height=0
}

# picture_draw CAPTION: draws it in place of the one before.
picture_draw()
{
    local drawn
    picture_read
    drawn=$(picture_print)
    picture_erase
    printf '\e[?7l%s\n\n %s\e[?7h\n' "$drawn" "$1"
    picture_height=$(($(wc -l <<<"$drawn") + 2))
}

# picture_line TEXT: a line that stays, above the picture.
picture_line()
{
    if $picture_live; then
        picture_erase
        printf '%s\n' "$1"
        picture_draw ""
        sleep 0.25
    else
        printf '%s\n' "$1"
    fi
}

# The picture stays where it is; what follows is printed below.
picture_forget()
{
    picture_height=0
}

# show CAPTION: the picture of this moment.
show()
{
    if $picture_live; then
        picture_draw "($1)"
        sleep 0.5
    else
        picture_read
        picture_print
        printf '  (%s)\n\n' "$1"
    fi
}
