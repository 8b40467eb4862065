#!/usr/bin/env bash
# `make fuzz`: runs every fuzz target for FUZZ_SECONDS, from seeds made here and from what earlier runs found
# (fuzz/corpus). FUZZ_TARGETS names some of them. An input that crashes, hangs or takes too much memory is kept in fuzz/artifacts and
# its target counted as failed. Exit 0: none failed, or this machine cannot fuzz, which a line says.
set -u
cd "$(dirname "$0")/.." || exit
. scripts/setup.sh

EACH=${FUZZ_SECONDS:-30}
export WIRELAB_LOCAL_ONLY=1

skip() {
    echo "skipped: fuzzing: $*"
    exit 0
}

case "$(uname -s) $(uname -m)" in
    Linux\ x86_64 | Linux\ aarch64 | Darwin\ x86_64 | Darwin\ arm64) ;;
    *) skip "cargo-fuzz knows Linux and macOS on 64-bit machines only" ;;
esac
require_rust
have c++ || have clang++ || skip "no C++ compiler, which libFuzzer is built with"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Sanitizers are an unstable flag: RUSTC_BOOTSTRAP lets the stable compiler take it.
# What an address sanitizer needs at run time comes with rustup's compilers, and not with every distribution's.
if ! echo 'fn main() {}' | RUSTC_BOOTSTRAP=1 rustc -Zsanitizer=address -o "$work/empty" - >/dev/null 2>&1; then
    skip "$(rustc --version) cannot build for the address sanitizer"
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
    say "installing cargo-fuzz with cargo"
    cargo install --locked --quiet cargo-fuzz >&2 || skip "cargo-fuzz is missing and could not be installed"
fi

if have python3; then
    python3 scripts/seeds.py fuzz/corpus || die "scripts/seeds.py failed"
else
    say "without python3 there are no seeds: fuzzing begins with nothing"
fi

if ! cargo fetch --locked --quiet --manifest-path fuzz/Cargo.toml 2>"$work/fetch"; then
    cat "$work/fetch" >&2
    ! grep -q -- --locked "$work/fetch" ||
        die "fuzz/Cargo.lock does not fit Cargo.toml: cargo update --workspace --manifest-path fuzz/Cargo.toml"
    skip "the crates in fuzz/Cargo.lock could not be fetched"
fi
export RUSTC_BOOTSTRAP=1
read -r -d '' -a targets < <(printf '%s\n' "${FUZZ_TARGETS:-$(cargo fuzz list)}"; printf '\0')
[ ${#targets[@]} -gt 0 ] || die "cargo fuzz lists no targets"
say "building the fuzz targets; the first time takes some minutes"
if [ -n "${FUZZ_TARGETS:-}" ]; then
    for target in "${targets[@]}"; do
        cargo fuzz build "$target" >&2 || die "the fuzz target $target does not build"
    done
else
    cargo fuzz build >&2 || die "the fuzz targets do not build"
fi

log=$work/log
failed=0
for target in "${targets[@]}"; do
    words=()
    [ -f "fuzz/words/$target.dict" ] && words=("-dict=fuzz/words/$target.dict")
    mkdir -p "fuzz/corpus/$target"
    if cargo fuzz run "$target" -- -max_total_time="$EACH" -timeout=10 -rss_limit_mb=2048 -verbosity=1 \
        ${words[@]+"${words[@]}"} >"$log" 2>&1 </dev/null; then
        runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
        printf 'ok      %-12s %s inputs in %s s\n' "$target" "${runs:-?}" "$EACH"
    else
        failed=$((failed + 1))
        tail -n 40 "$log"
        printf 'FAILED  %s\n' "$target"
    fi
done
printf '%d targets, %d failed\n' "${#targets[@]}" "$failed"
[ "$failed" -eq 0 ]
