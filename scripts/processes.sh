#!/usr/bin/env bash
# Starting and ending background programs. Sourced by the scripts that capture.

# wait_for FILE TEXT PID: until TEXT is in FILE; fails where the process has ended or ten seconds have passed.
wait_for() {
    local tries=0
    until grep -qi -- "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ] || ! kill -0 "$3" 2>/dev/null; then
            return 1
        fi
        sleep 0.1
    done
}

# gone PID TENTHS: whether the process has ended, after at most so many tenths of a second.
gone() {
    local tries=0
    while kill -0 "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -le "$2" ] || return 1
        sleep 0.1
    done
}

# stop PID: Ctrl-C, then, since a shell starts background programs with Ctrl-C ignored and some leave it so, TERM and KILL.
stop() {
    [ -n "$1" ] || return 0
    kill -INT "$1" 2>/dev/null
    gone "$1" 30 || kill -TERM "$1" 2>/dev/null
    gone "$1" 30 || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    return 0
}
