#!/usr/bin/env bash
# `make captures`: records captures/ afresh by wirelab's own live capture, on loopback only: its servers and clients, and
# scripts/talks.py (python3, openssl) for protocols whose servers it does not bring along.
# Goldens belong to these files, so they change with them. Needs the right to capture.
set -u
cd "$(dirname "$0")/.." || exit
. scripts/setup.sh
. scripts/processes.sh

BIN=${CARGO_TARGET_DIR:-target}/release/wirelab
OUT=captures
LO=lo
[ "$(uname)" = Darwin ] && LO=lo0
export WIRELAB_LOCAL_ONLY=1

setup_build
[ ${#FEATURES[@]} -eq 0 ] || die "recording needs libpcap"
cargo build --release --locked --quiet || exit 1
mkdir -p "$OUT/logs"
LOGS=$(mktemp -d)
capture=
server=

trap 'stop "$capture"; stop "$server"; rm -rf "$LOGS"' EXIT

start_capture() { # start_capture NAME FLAGS...
    local name=$1
    shift
    "$BIN" capture -i "$LO" -w "$OUT/$name.pcapng" "$@" >/dev/null 2>"$LOGS/$name.capture" &
    capture=$!
    wait_for "$LOGS/$name.capture" "capturing on" "$capture" || die "$name: the capture did not start: $(cat "$LOGS/$name.capture")"
}

# The capture ends by its own stop condition; where that fails, after ten seconds by Ctrl-C, and the script says so.
end_capture() { # end_capture NAME
    gone "$capture" 100 || say "$1: the capture did not end by itself"
    stop "$capture"
    capture=
    say "recorded $OUT/$1.pcapng"
}

# lab NAME PORT FLAGS...: capture, then the server, then the client.
lab() {
    local name=$1 port=$2
    shift 2
    start_capture "$name" --port "$port" "$@"
    "$BIN" serve "$name" --port "$port" >"$LOGS/$name.server" 2>&1 &
    server=$!
    wait_for "$LOGS/$name.server" "listening" "$server" || die "$name: the server did not start: $(cat "$LOGS/$name.server")"
    "$BIN" client "$name" --port "$port" >"$LOGS/$name.client" 2>&1 || die "$name: $(cat "$LOGS/$name.client")"
    end_capture "$name"
    stop "$server"
    server=
}

# nobody NAME LAB PORT FLAGS...: the client alone; that it fails is what the recording shows.
nobody() {
    local name=$1 lab=$2 port=$3
    shift 3
    start_capture "$name" --port "$port" "$@"
    "$BIN" client "$lab" --port "$port" >"$LOGS/$name.client" 2>&1
    end_capture "$name"
}

# certificates: a certificate for www.example.com and lab.example.com with its key, and who signed it, in $LOGS.
certificates() {
    (
        cd "$LOGS" || exit
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/O=wirelab/CN=A made-up authority" \
            -keyout ca.key -out ca.pem &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/O=wirelab/CN=www.example.com" \
                -keyout key.pem -out request.pem &&
            openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -set_serial 4660 -days 365 -out own.pem \
                -extfile <(echo "subjectAltName=DNS:www.example.com,DNS:lab.example.com") &&
            cat own.pem ca.pem >chain.pem
    ) >"$LOGS/openssl" 2>&1 || die "no certificate: $(cat "$LOGS/openssl")"
}

# talk NAME PORT: both sides by scripts/talks.py.
talk() {
    local name=$1 port=$2
    start_capture "$name" --port "$port" --seconds 5
    python3 scripts/talks.py "$name" "$port" "$LOGS" >"$LOGS/$name.client" 2>&1 || die "$name: $(cat "$LOGS/$name.client")"
    end_capture "$name"
}

# played NAME FLAGS...: a scene in a sandbox, with what its programs told. Folders of this machine are taken out.
played() {
    local name=$1
    shift
    "$BIN" lab "$name" "$@" -w "$OUT/$name.pcapng" --log "$OUT/logs/$name.jsonl" >"$LOGS/$name" 2>&1 || die "$name: $(cat "$LOGS/$name")"
    sed -i.old "s#${TMPDIR:-/tmp}/##g" "$OUT/logs/$name.jsonl" && rm "$OUT/logs/$name.jsonl.old"
    say "recorded $OUT/$name.pcapng"
}

# log_of NAME: what the programs of a recording told, by a second run, with the recording's port.
log_of() {
    local name=$1 log="$OUT/logs/$1.jsonl" port other
    "$BIN" lab "$name" --log "$log" >"$LOGS/$name" 2>&1 || die "$name: $(cat "$LOGS/$name")"
    port=$("$BIN" read "$OUT/$name.pcapng" -T fields -e tcp.srcport -e udp.srcport | head -n 1 | tr -d '\t')
    other=$(grep -o '"who":"client","opened":{"local":"[^"]*:[0-9]*' "$log" | grep -o '[0-9]*$')
    [ -z "$other" ] || { sed -i.old "s/127.0.0.1:$other\"/127.0.0.1:$port\"/g" "$log" && rm "$log.old"; }
}

lab greeting 43387 -c 2
lab knock 43389 --until-closed
lab uppercase-tcp 12000 --until-closed
lab uppercase-udp 12000 -c 2
nobody refused uppercase-tcp 12999 --until-closed
nobody port-unreachable uppercase-udp 12999 -c 2
for name in greeting knock uppercase-tcp uppercase-udp refused port-unreachable; do log_of "$name"; done
for name in datetime calculator chat chatbot-tcp chatbot-udp web proxy udp-ping file-transfer relay dual-stack mail \
    wrong-port client-closes-first server-closes-first half-close reset no-fin backlog zero-window split-writes ipv4-ipv6 chatbots retransmission lookup; do
    played "$name"
done
played udp-throughput --count 30 --pace 0.1
"$BIN" lab dns -w "$OUT/lab-dns.pcapng" --log "$OUT/logs/lab-dns.jsonl" >"$LOGS/lab-dns" 2>&1 || die "lab-dns: $(cat "$LOGS/lab-dns")"
say "recorded $OUT/lab-dns.pcapng"
# Port 53 needs the rights that capturing needs, too.
talk dns 53
talk http 8080
certificates
talk tls 8443

# The goldens say what these files are shown as; their difference to the ones before is for a person to read.
WIRELAB_UPDATE_GOLDEN=1 cargo test --locked --quiet --test it golden::every_recording_is_shown || die "the goldens could not be written"
say "wrote $OUT/golden; the days in $OUT/README.md are yours to change"
