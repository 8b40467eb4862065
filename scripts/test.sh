#!/usr/bin/env bash
# `make test`: sets up what the checks need, then runs all of them. A line per step while it goes, then a line per check
# that could not be made, then how many steps passed and failed. Exit 0 only where none failed.
set -u
cd "$(dirname "$0")/.." || exit
. scripts/setup.sh

TARGET=${CARGO_TARGET_DIR:-target}
SHARED=${SHARED:-../shared}
export WIRELAB_LOCAL_ONLY=1

setup_build
setup_tests

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# Tests that cannot be made on this machine add a line here (tests/it/skip.rs).
export WIRELAB_SKIPPED=$WORK/skipped
: >"$WIRELAB_SKIPPED"
passed=0
failed=0

skip() { printf 'skipped: %s\n' "$*" >>"$WIRELAB_SKIPPED"; }

verdict() { # verdict STATUS NAME SECONDS
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        printf 'ok      %s (%d s)\n' "$2" "$3"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s (%d s)\n' "$2" "$3"
    fi
}

# step NAME COMMAND...: output is shown only where it fails.
step() {
    local name=$1 status=0 start=$SECONDS
    shift
    "$@" >"$WORK/log" 2>&1 </dev/null || status=$?
    [ "$status" -eq 0 ] || cat "$WORK/log"
    verdict "$status" "$name" $((SECONDS - start))
}

# loud_step NAME COMMAND...: output is shown as it comes.
loud_step() {
    local name=$1 status=0 start=$SECONDS
    shift
    "$@" </dev/null || status=$?
    verdict "$status" "$name" $((SECONDS - start))
}

# The features this machine can build with; where libpcap is missing that is the library-only set, once.
all_features() {
    if [ ${#FEATURES[@]} -eq 0 ]; then
        printf '%s\n' "" --no-default-features
    else
        printf '%s\n' --no-default-features
    fi
}

[ ${#FEATURES[@]} -eq 0 ] || skip "live capture and BPF filters: libpcap is not installed and could not be"
for tool in tshark tcpdump python3 "${DNS_TOOLS[@]}" "${DNS_SERVERS[@]}"; do
    have "$tool" || skip "what needs $tool: it is not installed and could not be"
done

if component_works rustfmt; then
    step "cargo fmt --check: the formatting" cargo fmt --check
else
    skip "cargo fmt --check: rustfmt is missing"
fi
if component_works clippy; then
    while read -r features; do
        step "cargo clippy ${features:-with all features}: the lints, warnings are errors" \
            cargo clippy --locked --all-targets ${features:+"$features"} -- -D warnings
    done < <(all_features)
else
    skip "cargo clippy: clippy is missing"
fi
loud_step "cargo test: units, integration, goldens, documentation examples" \
    cargo test --locked ${FEATURES[@]+"${FEATURES[@]}"}
step "cargo doc: the documentation, warnings are errors" \
    env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps ${FEATURES[@]+"${FEATURES[@]}"}
# Not linked, so that neither libFuzzer nor the C++ compiler for it is needed: its build script is told that it is elsewhere.
step "cargo check of fuzz/: the fuzz targets, and whether fuzz/Cargo.lock fits" \
    env CUSTOM_LIBFUZZER_PATH="$TARGET/libfuzzer.a" cargo check --locked --bins --manifest-path fuzz/Cargo.toml --target-dir "$TARGET"
if [ ${#FEATURES[@]} -eq 0 ]; then
    step "cargo test --no-default-features: the same without libpcap" cargo test --locked --no-default-features
fi
step "cargo build --release: the program" cargo build --locked --release ${FEATURES[@]+"${FEATURES[@]}"}

agreement() {
    local groups=(frame eth ip ipv6 icmp udp tcp)
    python3 "$SHARED/oracle/agree.py" --wirelab "$TARGET/release/wirelab" "${groups[@]/#/--group=}" \
        --min 99.7 --min-field 97 --except tests/agreement/fields.txt "$SHARED/corpus"
}

analysis() {
    python3 "$SHARED/oracle/agree.py" --wirelab "$TARGET/release/wirelab" --group analysis \
        --min 99 --min-field 95 --except tests/agreement/analysis.txt "$SHARED/corpus"
}

# The fields of some protocols, of which 98.5 % agree at least: application GROUP... The exceptions are those of each, where it has some.
application() {
    local group lists=()
    for group in "$@"; do
        [ ! -f "tests/agreement/$group.txt" ] || lists+=("tests/agreement/$group.txt")
    done
    sort -u "${lists[@]}" >"$WORK/exceptions"
    python3 "$SHARED/oracle/agree.py" --wirelab "$TARGET/release/wirelab" "${@/#/--group=}" \
        --min 98.5 --min-field 90 --except "$WORK/exceptions" "$SHARED/corpus"
}

# Every stream byte for byte, but those with a reason in tests/agreement/streams.txt; one of those that agrees now fails, too.
# What agrees, and where wirelab is the one that is right, is 98 % of all at least.
streams() {
    local found=$WORK/streams list=tests/agreement/streams.txt status=0
    python3 "$SHARED/oracle/streams.py" --wirelab "$TARGET/release/wirelab" -v >"$found" || status=$?
    [ "$status" -eq 0 ] || return "$status"
    tail -n 1 "$found"
    # The names of streams that differ, there and in the list.
    diff <(sed -n 's/^\(.*\) \(tcp:[0-9]*\): .*/\1 \2/p' "$found" | sort) \
        <(sed -n 's/^\([^#].*\) \(tcp:[0-9]*\) .*/\1 \2/p' "$list" | sort) || return 1
    awk -v right="$(grep -cE '^[^#].* tcp:[0-9]+ wirelab ' "$list")" '
        /^streams: / { good = $2 + right; all = $4 }
        END {
            printf "as in tshark, or right where tshark is wrong: %d of %d\n", good, all
            exit !(all > 0 && good >= 0.98 * all)
        }' "$found"
}

# The bodies of HTTP messages, but those of captures with a reason in tests/agreement/objects.txt; one that agrees now fails, too.
objects() {
    python3 scripts/objects.py --jobs 2 --wirelab "$TARGET/release/wirelab" --except tests/agreement/objects.txt "$SHARED/corpus/captures"
}

# The published lab questions that need only what wirelab decodes, asked with tshark's own command lines.
questions() {
    local ids
    read -r -d '' -a ids < <(grep -v '^#' tests/agreement/labs.txt)
    python3 "$SHARED/labs/ask.py" --wirelab "$TARGET/release/wirelab" "${ids[@]}"
}
if [ ! -d "$SHARED/corpus" ]; then
    skip "agreement with tshark: no captures to compare on ($SHARED/corpus)"
elif ! have python3; then
    skip "agreement with tshark: python3 is missing"
else
    step "agreement with tshark, field by field, every capture of the corpus" agreement
    step "agreement with tshark, its analysis of TCP, every capture of the corpus" analysis
    for groups in dns http tls "mail dhcp eth icmp"; do
        # shellcheck disable=SC2086
        step "agreement with tshark, its fields of $groups, every capture of the corpus" application $groups
    done
    if have tshark; then
        step "agreement with tshark's export of HTTP objects, every capture of the corpus, byte for byte" objects
    else
        skip "agreement with tshark's export of HTTP objects: tshark is missing"
    fi
    step "agreement with tshark's follow, every stream of the corpus, byte for byte" streams
fi
if [ ! -f "$SHARED/labs/ask.py" ]; then
    skip "lab questions: none to ask ($SHARED/labs)"
elif ! have python3; then
    skip "lab questions: python3 is missing"
else
    step "published lab questions, with the command lines that answer them in tshark" questions
fi

sort -u "$WIRELAB_SKIPPED"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
