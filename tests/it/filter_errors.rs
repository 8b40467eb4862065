//! What a person is told about a display filter that is wrong: `tests/it/filter/wrong.txt`.
//!
//! `WIRELAB_UPDATE_GOLDEN=1 cargo test --test it filter_errors` writes the file anew; what changed is then for a
//! person to read in the diff.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wirelab::filter::Filter;

/// Mistakes of every kind, each in its smallest form.
const WRONG: &[&str] = &[
    // Names.
    "tcp.scrport == 80",
    "tcp.foo",
    "TCP",
    "Tcp.srcport == 80",
    "htpp",
    "tcp.payloda & 16",
    "tcp.fed + 1 > 2",
    "snmp",
    "snmp.name == \"EHLO\"",
    "SNMP",
    "ospf",
    "stp",
    "ip6",
    "5",
    "\"abc\"",
    "10.0.0.1",
    "::1",
    "tcp.len-1 == 5",
    ".tcp.prot",
    // Operators.
    "tcp.srcport = 80",
    "tcp.srcport => 80",
    "tcp.srcport =< 80",
    "tcp.port <> 80",
    "tcp.port ≠ 80",
    "tcp.port ≥ 80",
    "tcp.port\u{a0}== 80",
    "tcp.port\u{2003}== 80",
    "tcp.port\u{200b} == 80",
    "tcp | udp",
    "tcp.srcport ==",
    "== 80",
    "tcp &&",
    "&& tcp",
    "tcp and and udp",
    "tcp AND udp",
    "tcp udp",
    "tcp, udp",
    "tcp; udp",
    "tcp @ udp",
    "tcp.srcport == ${tcp.srcport}",
    "ip.src == “10.0.0.1”",
    "tcp é",
    "not",
    // Parentheses, braces and sets.
    "(tcp",
    "tcp)",
    "()",
    "(tcp.len + 1) == 5",
    "tcp.len == (1)",
    "{tcp.len + 1 == 5",
    "tcp.srcport in 80",
    "tcp.srcport in {}",
    "tcp.srcport in {80, 443",
    "tcp.srcport in {80 443}",
    "tcp.srcport in {80,}",
    "tcp.srcport in {80..}",
    "tcp.srcport in {1-1024}",
    "tcp.srcport in {1..99999}",
    "tcp.port == 80 or 443",
    "tcp.port == 80 || 443 || 8080 and tcp.len > 0",
    "tcp.port == 80, 443",
    "tcp.port == (80 or 443)",
    "ip.addr == 10.0.0.1 or 10.0.0.2",
    "tcp.port == 80 or htpp",
    "tcp[13] in {02, 12}",
    "5 in {5}",
    // Values.
    "tcp.srcport == 99999",
    "tcp.srcport == 99999999999999999999",
    "tcp.srcport == \"80\"",
    "tcp.srcport == http",
    "tcp.srcport == 080",
    "tcp.flags == SYN",
    "tcp.flags == rst",
    "tcp.flags == ff",
    "tcp.srcport == 1e3",
    "80 == tcp.srcport",
    "80 < tcp.srcport",
    "1 == 1",
    "tcp.srcport == ip.src",
    "tcp.flags.syn == true",
    "tcp.flags.syn == yes",
    "ip.src == 10.0.0",
    "ip.src == 10.0.0.1/33",
    "ip.src == \"10.0.0.1\"",
    "ip.src == localhost",
    "ip.src == ::1",
    "ipv6.src == 10.0.0.1",
    "ipv6.src == fe80::/200",
    "eth.src == 00:1b:21",
    "eth.src == 00:1b:21:3c:9d:fg",
    "eth.src == broadcast",
    "frame.time_relative > 1e-4",
    "frame.time_relative > \"5\"",
    "icmp.resptime > fast",
    "icmp.resptime > \"5\"",
    "frame contains 0xa012",
    "frame contains GET",
    "frame contains ip.src",
    // Texts, characters and patterns.
    "frame contains \"abc",
    "frame contains \"a\\qb\"",
    "frame contains \"\\ud800\"",
    "tcp.srcport == 'ab'",
    "tcp.srcport == ''",
    "tcp.srcport == 'a",
    "frame matches GET",
    "frame matches \"(\"",
    "frame matches \"(?=a)\"",
    "frame matches \"(x{1000}){1000}\"",
    "tcp.srcport contains 80",
    "tcp.srcport matches \"80\"",
    "ip.src contains 7f",
    "eth.src contains \"a\"",
    "eth.src contains zz",
    "eth.src contains ip.src",
    // Slices and layers.
    "tcp[",
    "tcp[]",
    "tcp[a]",
    "tcp[5-3]",
    "tcp[1:0]",
    "tcp.srcport[0] == 1",
    "ip.src#",
    "ip.src#-1",
    "eth.src[0]#1 == 00",
    // Functions and arithmetic.
    "len(tcp)",
    "len() == 1",
    "len(tcp, udp) == 1",
    "sum(tcp.len) == 1",
    "lenn(tcp) == 1",
    "upper(tcp.len) == \"A\"",
    "string(tcp) == \"a\"",
    "max(tcp.srcport, ip.src) > 1",
    "abs(ip.src) == 1",
    "count(5) == 1",
    "ip.src + 1 == 10.0.0.2",
    "tcp.flags.syn & 1",
    "frame.time_relative * 2 > 1",
    "any tcp",
    "all (tcp.len > 1)",
    // The other language.
    "tcp port 80",
    "host 192.0.2.1",
    "port 53",
    "net 10.0.0.0/8",
    "icmp[icmptype] == icmp-echo",
    "tcp[tcpflags] & tcp-syn != 0",
    "src host 192.0.2.1 and not port 22",
    "udp dst port 12000",
    "tcp and (port 80 or port 443)",
    "tcp and port 80 or port 443",
    "port 80 or 443",
    "host ::1",
    "host www.example.org",
    "arp host 10.0.0.1",
    "net 10",
    "port http",
    "vlan 10",
    "broadcast",
    "multicast",
    "tcp.port == 80 and host 192.0.2.1",
    "snmp.name and host 192.0.2.1",
    "src host 192.0.2.1 and dst host 192.0.2.2 and tcp dst port 12000 and not src port 22",
    // What could reach the terminal.
    "tcp.len == \u{1b}[31m",
    "tcp\u{202e} == 1",
];

/// Filters that are long, deep or large, with the beginning of what is said of them.
fn monsters() -> Vec<(String, &'static str)> {
    let deep = 10_000;
    let nested = "the filter is nested more than";
    let steps = "this value takes more than";
    vec![
        ("(".repeat(deep) + "tcp" + &")".repeat(deep), nested),
        ("!".repeat(deep) + "tcp", nested),
        ("not ".repeat(deep) + "tcp", nested),
        ("tcp.len == ".to_owned() + &"-".repeat(deep) + "1", nested),
        ("tcp.len == ".to_owned() + &"{".repeat(deep) + "1", nested),
        ("tcp.len == 1".to_owned() + &" + 1".repeat(deep), steps),
        ("tcp".to_owned() + &"[0:1]".repeat(deep), steps),
        ("abs(".repeat(deep) + "tcp.len", nested),
        ("tcp or ".repeat(150_000) + "tcp", "the filter is"),
        ("x".repeat(200_000), "\"xxx"),
        ("tcp.len == ".to_owned() + &"9".repeat(100_000), "\"9999"),
        ("tcp[0:".to_owned() + &",0:".repeat(deep) + "]", "a slice has at most"),
        ("tcp[0:99999999999] == 1".to_owned(), "\"99999999999\" is no offset"),
        ("frame matches \"".to_owned() + &"(".repeat(50_000) + "\"", "this pattern cannot be used"),
    ]
}

fn shown(filter: &str) -> String {
    let Err(error) = Filter::parse(filter) else { panic!("{filter} is no mistake") };
    assert!(filter.get(error.span()).is_some(), "the mark is within {filter}");
    error.explain(filter)
}

#[test]
fn every_mistake_is_told_as_its_golden_says() {
    let mut now = String::new();
    for filter in WRONG {
        writeln!(now, "{}\n", shown(filter)).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/filter/wrong.txt");
    if std::env::var_os("WIRELAB_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    for (old, new) in golden.split("\n\n").zip(now.split("\n\n")) {
        assert_eq!(old, new, "if this is right, run it again with WIRELAB_UPDATE_GOLDEN=1");
    }
    assert_eq!(golden, now);
}

#[test]
fn nothing_that_is_said_controls_a_terminal_or_is_too_wide() {
    for filter in WRONG {
        let shown = shown(filter);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202e}'), "{shown:?}");
        for line in shown.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn monsters_are_refused_in_few_words() {
    for (filter, begins) in monsters() {
        let shown = shown(&filter);
        assert!(shown.starts_with(begins), "{}", &shown[..200.min(shown.len())]);
        let advice = shown.contains("need no parentheses");
        assert_eq!(advice, filter.starts_with('('), "{}", &shown[..200.min(shown.len())]);
        assert!(shown.len() < 1000, "{} bytes said", shown.len());
    }
}

#[test]
fn long_filters_that_are_right_are_taken() {
    let depth = 90;
    let filters = [
        "tcp or ".repeat(30_000) + "tcp",
        "(".repeat(depth) + "tcp" + &")".repeat(depth),
        format!("tcp.srcport in {{{}1}}", "1, ".repeat(60_000)),
        "tcp.len < ".repeat(10_000) + "1",
    ];
    for filter in filters {
        if let Err(error) = Filter::parse(&filter) {
            panic!("{error}");
        }
    }
}
