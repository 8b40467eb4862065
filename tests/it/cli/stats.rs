//! `stats`, the tables of `-z` that are parts of it, and the numbers of `flows --long`.

use super::{KNOCK, run};

fn out(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}");
    run.out
}

#[test]
fn what_is_selected_is_counted() {
    let packets = |args: &[&str]| -> u64 {
        let run = run(&[&["stats", KNOCK, "--json"], args].concat());
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}");
        let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(json["schema"], "wirelab.stats/1");
        let protocols = json["protocols"].as_array().unwrap();
        assert_eq!(protocols[0]["packets"], json["packets"], "all are Ethernet");
        let sent = json["endpoints"]["tcp"].as_array().unwrap().iter();
        let sent: u64 = sent.map(|endpoint| endpoint["packets_sent"].as_u64().unwrap()).sum();
        assert_eq!(json["packets"], sent, "all are TCP");
        let intervals = json["intervals"]["list"].as_array().unwrap().iter();
        assert_eq!(intervals.map(|one| one["packets"].as_u64().unwrap()).sum::<u64>(), sent);
        sent
    };
    assert_eq!(packets(&[]), 10);
    assert_eq!(packets(&["--port", "43389"]), 10);
    assert_eq!(packets(&["-Y", "tcp.len > 0"]), 2);
    // BPF needs libpcap.
    if cfg!(feature = "live") {
        assert_eq!(packets(&["-f", "tcp[tcpflags] & tcp-syn != 0"]), 2);
    }
    assert_eq!(packets(&["--interval", "0.0001"]), 10);
}

#[test]
fn nothing_selected_is_said() {
    let run = run(&["stats", KNOCK, "-Y", "udp"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("packets     0\n") && !run.out.contains("protocol"), "{}", run.out);
    assert!(run.err.contains("nothing matched -Y 'udp'"), "{}", run.err);
}

#[test]
fn the_tables_of_z_are_parts_of_stats() {
    let all = out(&["stats", KNOCK]);
    for table in ["io,phs", "endpoints,ip", "endpoints,tcp", "io,stat,0.001"] {
        let part = out(&["read", KNOCK, "-qz", table]);
        assert!(part.lines().count() >= 2 && all.contains(&part), "{table}: {part}");
    }
    assert_eq!(out(&["read", KNOCK, "-qz", "endpoints,udp"]).lines().count(), 1, "only the heading");
    let pairs = out(&["read", KNOCK, "-qz", "conv,ip"]);
    assert!(pairs.contains("127.0.0.1 <-> 127.0.0.1        10           701"), "{pairs}");
    assert_eq!(out(&["read", KNOCK, "-qz", "conv,ipv6"]).lines().count(), 1, "only the heading");
}

#[test]
fn a_table_of_z_has_a_filter_of_its_own() {
    let root = |table: &str, more: &[&str]| {
        let text = out(&[&["read", KNOCK, "-qz", table], more].concat());
        let row = text.lines().nth(1).unwrap();
        row.split_whitespace().nth(1).map(str::to_owned)
    };
    assert_eq!(root("io,phs", &["-Y", "tcp.len > 0"]).as_deref(), Some("10"), "-Y chooses what is printed");
    assert_eq!(root("io,phs,tcp.len > 0", &[]).as_deref(), Some("2"));
    assert_eq!(root("io,phs,frame.number in {1,2,3}", &[]).as_deref(), Some("3"));
}

#[test]
fn long_flows_stand_side_by_side() {
    let text = out(&["flows", KNOCK, "--long"]);
    let row = |label: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(label));
        line.unwrap_or_else(|| panic!("no {label} in {text}")).to_owned()
    };
    assert!(text.starts_with("tcp:0  127.0.0.1:"), "{text}");
    assert!(row("agreed").contains("window scale 10 and 10, SACK, timestamps"));
    for (label, orig, resp) in [
        ("packets", "6", "4"),
        ("unique bytes", "13", "12"),
        ("seen again", "0", "0"),
        ("RTT samples", "3", "3"),
    ] {
        let row = row(label);
        let cells: Vec<&str> = row.trim_start().strip_prefix(label).unwrap().split_whitespace().collect();
        assert_eq!(cells, [orig, resp], "{label}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
