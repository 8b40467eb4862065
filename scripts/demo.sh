#!/usr/bin/env bash
# `make demo`: from a clone and Rust alone to a recorded conversation, explained.
set -eu
cd "$(dirname "$0")/.." || exit
. scripts/setup.sh

CAPTURE=${CAPTURE:-captures/knock.pcapng}
BIN=${CARGO_TARGET_DIR:-target}/release/wirelab

[ -f "$CAPTURE" ] || die "$CAPTURE is not there. \`make captures\` records it; CAPTURE=FILE explains another savefile."
setup_build
[ -x "$BIN" ] || say "building wirelab; the first time takes a few minutes"
# bash 3.2 (macOS) takes an empty array for an unset variable, hence the ${…+…}.
cargo build --release --locked --quiet ${FEATURES[@]+"${FEATURES[@]}"}

printf '$ wirelab explain %s\n\n' "$CAPTURE"
"$BIN" explain "$CAPTURE"
say ""
say "The program is $BIN. Next: $BIN --help"
