#!/usr/bin/env bash
# Finds or installs what a build or the checks need. Sourced by the other scripts, never run alone.
#
#   setup_build   a Rust new enough, a C linker, libpcap. Sets FEATURES, an array: empty, or --no-default-features.
#   setup_tests   rustfmt, clippy, tshark, tcpdump, python3, DNS clients and servers. What stays missing is for `have` to
#                 find out.
#
# Progress is told on standard error. Nothing is installed that is already there.

# shellcheck disable=SC2034 # the scripts that source this one read it
FEATURES=()

# Programs of other people that ask the lab's name servers.
DNS_TOOLS=(dig delv kdig drill named-checkzone)

# Name servers of other people (BIND, NSD, Knot), which the tests start themselves. None runs because it was installed.
DNS_SERVERS=(named nsd knotd)

say() { printf '%s\n' "$*" >&2; }

# have PROGRAM: system programs are not on everybody's path.
have() { PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1" >/dev/null 2>&1; }

die() {
    say "$*"
    exit 2
}

# as_root COMMAND...: runs it as root; fails where that is not possible. sudo may ask only a person at a terminal.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! have sudo; then
        return 1
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# package_of THING: its package's name on this system, empty where the system brings it itself.
package_of() {
    case "$1:$PACKAGER" in
        libpcap:apt-get) echo libpcap-dev ;;
        libpcap:dnf) echo libpcap-devel ;;
        libpcap:brew) echo libpcap ;;
        cc:apt-get) echo "gcc libc6-dev" ;;
        cc:dnf) echo gcc ;;
        tshark:apt-get) echo tshark ;;
        tshark:dnf) echo wireshark-cli ;;
        tshark:brew) echo wireshark ;;
        tcpdump:*) echo tcpdump ;;
        python3:*) echo python3 ;;
        dig:apt-get | delv:apt-get) echo bind9-dnsutils ;;
        dig:dnf | delv:dnf) echo bind-utils ;;
        dig:brew | delv:brew) echo bind ;;
        named-checkzone:apt-get) echo bind9-utils ;;
        named-checkzone:dnf) echo bind ;;
        named:apt-get) echo bind9 ;;
        named:dnf | named:brew) echo bind ;;
        nsd:*) echo nsd ;;
        knotd:*) echo knot ;;
        kdig:apt-get) echo knot-dnsutils ;;
        kdig:dnf) echo knot-utils ;;
        kdig:brew) echo knot ;;
        drill:apt-get) echo ldnsutils ;;
        drill:dnf) echo ldns-utils ;;
        drill:brew) echo ldns ;;
        *) echo "" ;;
    esac
}

find_packager() {
    PACKAGER=
    local candidate
    for candidate in apt-get dnf brew; do
        if have "$candidate"; then
            PACKAGER=$candidate
            return
        fi
    done
}

# by_hand PACKAGE...: the command that a person would type.
by_hand() {
    case "$PACKAGER" in
        apt-get) echo "sudo apt-get update && sudo apt-get install $*" ;;
        dnf) echo "sudo dnf install $*" ;;
        brew) echo "brew install $*" ;;
        *) echo "install with this system's package manager: $*" ;;
    esac
}

# What Debian's packages ask before they start a service; 101 is "no". It is there while apt-get runs, and one that was there
# before decides, and stays.
POLICY=/usr/sbin/policy-rc.d

# shellcheck disable=SC2016 # for the shell that root gets
QUIETLY='
    policy=$1
    shift
    if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
        trap "rm -f \"$policy\"" EXIT
        trap "exit 1" HUP INT TERM
        printf "#!/bin/sh\nexit 101\n" >"$policy" && chmod 755 "$policy" || exit
    fi
    "$@"'

# run_packager PACKAGE...: installs, and starts nothing; debconf (tshark asks whether users may capture) takes its default answer.
run_packager() {
    case "$PACKAGER" in
        apt-get)
            as_root env DEBIAN_FRONTEND=noninteractive sh -c "$QUIETLY" sh "$POLICY" \
                apt-get install -y -q --no-install-recommends "$@"
            ;;
        dnf) as_root dnf install -y -q "$@" ;;
        brew) brew install --quiet "$@" ;;
        *) return 1 ;;
    esac
}

# install WHAT-FOR THING...: installs the packages of the things; says so before, and what to type where it fails.
install() {
    local purpose=$1 packages=() thing log
    shift
    for thing in "$@"; do
        # shellcheck disable=SC2207 # one thing may be several packages
        packages+=($(package_of "$thing"))
    done
    if [ ${#packages[@]} -eq 0 ]; then
        say "missing: $* ($purpose); this script does not know how to install that here"
        return 1
    fi
    say "installing ${packages[*]} with $PACKAGER: $purpose"
    if [ "$PACKAGER" != brew ] && [ "$(id -u)" -ne 0 ] && [ -t 0 ]; then
        say "(sudo may ask for your password)"
    fi
    log=$(mktemp)
    if run_packager "${packages[@]}" >"$log" 2>&1 || retry_with_lists "${packages[@]}" >>"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 3 "$log" | sed 's/^/    /' >&2
    rm -f "$log"
    say "could not install ${packages[*]}. By hand: $(by_hand "${packages[@]}")"
    return 1
}

# A fresh container has no package lists, and old lists name versions that are gone: fetch them, only then.
retry_with_lists() {
    [ "$PACKAGER" = apt-get ] || return 1
    as_root apt-get update -q && run_packager "$@"
}

# links LIBRARY...: whether a C program links against it, which is all that the Rust bindings need.
links() {
    local out status
    out=$(mktemp)
    printf 'int main(void) { return 0; }\n' | cc -x c - -o "$out" "$@" >/dev/null 2>&1
    status=$?
    rm -f "$out"
    return $status
}

# version_below HAVE WANT, both as 1.88 or 1.88.0
version_below() {
    local have_major have_minor want_major want_minor
    IFS=. read -r have_major have_minor _ <<<"$1"
    IFS=. read -r want_major want_minor _ <<<"$2"
    [ "$have_major" -lt "$want_major" ] || { [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -lt "$want_minor" ]; }
}

require_rust() {
    local wanted version
    if ! have cargo && [ -f "$HOME/.cargo/env" ]; then
        # shellcheck disable=SC1091 # rustup puts it there; a shell opened before does not have it yet
        . "$HOME/.cargo/env"
    fi
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    have cargo || die "Rust is missing. Install it as https://rustup.rs says ($wanted or newer), open a new shell, and run this again."
    version=$(rustc --version | awk '{print $2}')
    if version_below "$version" "$wanted"; then
        die "Rust $version is too old, wirelab needs $wanted. With rustup: rustup update stable. A distribution's own package may be older than that: see https://rustup.rs."
    fi
}

setup_build() {
    find_packager
    require_rust
    if ! links; then
        install "a C compiler, which links Rust programs" cc || true
        links || die "No working C compiler (cc): Rust cannot link without one. On macOS: xcode-select --install"
    fi
    FEATURES=()
    if ! links -lpcap; then
        install "libpcap's headers, for live capture and BPF filters" libpcap || true
        if ! links -lpcap; then
            say "building without libpcap (--no-default-features): every savefile is still read, nothing is captured live"
            # shellcheck disable=SC2034
            FEATURES=(--no-default-features)
        fi
    fi
}

setup_tests() {
    local missing=() tool component
    for tool in tshark tcpdump python3 "${DNS_TOOLS[@]}" "${DNS_SERVERS[@]}"; do
        have "$tool" || missing+=("$tool")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        install "to check wirelab against" "${missing[@]}" || true
    fi
    for component in rustfmt clippy; do
        component_works "$component" && continue
        if have rustup; then
            say "adding $component with rustup"
            rustup -q component add "$component" >/dev/null 2>&1 || true
        fi
        component_works "$component" || say "$component is missing. With rustup: rustup component add $component; on Fedora: sudo dnf install $component; on Debian: the package rustfmt or rust-clippy"
    done
}

# component_works rustfmt|clippy: rustup leaves a proxy for what is not installed, so it has to be run.
component_works() {
    case "$1" in
        rustfmt) cargo fmt --version >/dev/null 2>&1 ;;
        clippy) cargo clippy --version >/dev/null 2>&1 ;;
    esac
}
