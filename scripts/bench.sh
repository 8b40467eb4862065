#!/usr/bin/env bash
# `make bench`: wirelab beside tcpdump, tshark and dumpcap, in one run on one machine. Reading first, then live capture.
# What it prints are ratios; seconds are there to compute them from and compare with nothing else.
#
#   BENCH_BYTES     size of the capture to read (default 1000000000)
#   BENCH_ROUNDS    how often each command is run, interleaved (default 3)
#   BENCH_SLICE     packets of the smaller file for tshark's packet list, which is slow (default 200000)
#   BENCH_DATAGRAMS, BENCH_LIVE_ROUNDS    datagrams sent in a live round (600000), and rounds (3)
set -u
cd "$(dirname "$0")/.." || exit
. scripts/setup.sh
. scripts/processes.sh

BYTES=${BENCH_BYTES:-1000000000}
ROUNDS=${BENCH_ROUNDS:-3}
SLICE=${BENCH_SLICE:-200000}
DATAGRAMS=${BENCH_DATAGRAMS:-600000}
LIVE_ROUNDS=${BENCH_LIVE_ROUNDS:-3}
PAYLOAD=200
PORT=9
SHARED=${SHARED:-../shared}
TARGET=${CARGO_TARGET_DIR:-target}
BIN=$TARGET/release/wirelab
DIR=$TARGET/bench
export WIRELAB_LOCAL_ONLY=1

setup_build
setup_tests
have python3 || die "python3 is missing: it measures time and memory"
say "building wirelab"
cargo build --release --locked --quiet --bins --example udp_blast ${FEATURES[@]+"${FEATURES[@]}"} || exit 1
mkdir -p "$DIR"

reading() {
    local big=$DIR/read-$BYTES.pcap slice=$DIR/read-$BYTES-first-$SLICE.pcap
    if [ ! -f "$big" ]; then
        if [ ! -f "$SHARED/perf/gen.py" ]; then
            echo "skipped: reading: no generator of a large capture ($SHARED/perf/gen.py)"
            return 0
        fi
        say "writing $big, once"
        python3 "$SHARED/perf/gen.py" "$big.part" "$BYTES" >/dev/null && mv "$big.part" "$big" || return 1
    fi
    if ! have tcpdump || ! have tshark; then
        echo "skipped: reading: tcpdump or tshark is missing"
        return 0
    fi
    [ -f "$slice" ] || tcpdump -r "$big" -c "$SLICE" -w "$slice" 2>/dev/null || return 1
    say "reading $big, $ROUNDS rounds"
    python3 scripts/measure.py --rounds "$ROUNDS" \
        --command "tcpdump -w=tcpdump -r $big -w /dev/null" \
        --command "wirelab flows=$BIN flows $big" \
        --command "tshark conv=tshark -q -z conv,tcp -r $big" \
        --ratio "wirelab flows/tcpdump -w" --ratio "tshark conv/wirelab flows" || return 1
    echo
    say "listing the first $SLICE packets into a pipe, $ROUNDS rounds"
    python3 scripts/measure.py --rounds "$ROUNDS" \
        --command "wirelab read=$BIN read $slice" \
        --command "tshark list=tshark -r $slice" \
        --ratio "tshark list/wirelab read" || return 1
    echo
    filtering "$big"
}

# A display filter over the whole file, few packets printed.
filtering() {
    local filter='tcp.port == 12000 && tcp.flags.syn == 1' fields="-T fields -e frame.number -e tcp.seq"
    say "filtering $1 with -Y, $ROUNDS rounds"
    python3 scripts/measure.py --rounds "$ROUNDS" \
        --command "wirelab read -Y=$BIN read -n -r $1 -Y '$filter' $fields" \
        --command "tshark -Y=tshark -n -r $1 -Y '$filter' $fields" \
        --ratio "tshark -Y/wirelab read -Y"
}

# capture_round NAME READY-TEXT COMMAND...: the command captures while the burst is sent. Prints how many it kept.
capture_round() {
    local name=$1 ready=$2 out=$DIR/live.pcap log=$DIR/live.log pid
    shift 2
    # The shell opens the log in the background: an old one could be read before that.
    rm -f "$out" "$log"
    "$@" -w "$out" >/dev/null 2>"$log" &
    pid=$!
    if ! wait_for "$log" "$ready" "$pid"; then
        stop "$pid"
        say "$name did not start: $(tail -n 1 "$log")"
        return 1
    fi
    "$TARGET/release/examples/udp_blast" "$DATAGRAMS" "$PAYLOAD" "$PORT" >"$DIR/burst" || {
        stop "$pid"
        return 1
    }
    # What is still in the capture buffer has to reach the program before it is told to stop.
    sleep 2
    stop "$pid"
    tcpdump -nn -r "$out" "udp dst port $PORT" 2>/dev/null | wc -l | tr -d ' '
}

live() {
    local interface=lo filter="udp port $PORT" round name kept results=$DIR/live-results
    [ "$(uname)" = Darwin ] && interface=lo0
    if [ ${#FEATURES[@]} -gt 0 ]; then
        echo "skipped: live capture: built without libpcap"
        return 0
    elif [ "$(id -u)" -ne 0 ]; then
        echo "skipped: live capture: needs root, for every program alike"
        return 0
    elif ! have tcpdump; then
        echo "skipped: live capture: tcpdump is missing"
        return 0
    fi
    : >"$results"
    say "capturing $DATAGRAMS datagrams of $PAYLOAD bytes on $interface, $LIVE_ROUNDS rounds"
    for ((round = 0; round < LIVE_ROUNDS; round++)); do
        for name in tcpdump dumpcap wirelab; do
            case $name in
                tcpdump) kept=$(capture_round tcpdump "listening on" tcpdump -i "$interface" "$filter") ;;
                dumpcap)
                    have dumpcap || continue
                    kept=$(capture_round dumpcap "^File:" dumpcap -q -P -i "$interface" -f "$filter")
                    ;;
                wirelab) kept=$(capture_round wirelab "capturing on" "$BIN" capture -i "$interface" -f "$filter") ;;
            esac || continue
            printf '%s %s %s\n' "$name" "$kept" "$(cut -d' ' -f2 "$DIR/burst")" >>"$results"
        done
    done
    have dumpcap || echo "skipped: live capture with dumpcap: it is missing"
    printf '%-10s %6s   %-34s\n' live lost "of $DATAGRAMS datagrams, round by round"
    for name in tcpdump dumpcap wirelab; do
        awk -v name="$name" -v sent="$DATAGRAMS" '
            $1 == name { n++; kept += $2; rounds = rounds sprintf(" %.2f%%", 100 * (sent - $2) / sent); rate += sent / $3 }
            END { if (n) printf "%-10s %5.2f%%  %s  (sent at %d a second)\n", name, 100 * (n * sent - kept) / (n * sent), rounds, rate / n }
        ' "$results"
    done
    rm -f "$DIR/live.pcap" "$DIR/live.log" "$DIR/burst"
}

status=0
reading || status=1
echo
live || status=1
exit $status
