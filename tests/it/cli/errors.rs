//! Every mistake: exit status 2, nothing on standard output, what is wrong and what to try.

use super::{KNOCK, file, run};

/// Arguments, and what standard error must say: what is wrong, and what to try.
const MISTAKES: &[(&[&str], &[&str])] = &[
    (&["nosuch"], &["unrecognized subcommand 'nosuch'", "try '--help'"]),
    (&["raed"], &["unrecognized subcommand 'raed'", "'read'"]),
    (&["read"], &["<FILE>", "try '--help'"]),
    (&["read", KNOCK, "--bogus"], &["unexpected argument '--bogus'", "try '--help'"]),
    (&["read", KNOCK, "--jsn"], &["unexpected argument '--jsn'", "'--json'"]),
    (&["read", KNOCK, "--port", "70000"], &["'70000'", "ports from 0 to 65535, as in 53 or 53,443"]),
    (&["read", KNOCK, "--port", "x"], &["'x'", "ports from 0 to 65535, as in 53 or 53,443"]),
    (&["flows", KNOCK, "--port", "53,"], &["''", "as in 53 or 53,443"]),
    (&["read", KNOCK, "-c", "0"], &["invalid value '0'", "1.."]),
    (&["read", KNOCK, "-T", "bogus"], &["'bogus'", "text, fields, json or ek"]),
    (&["read", KNOCK, "-T", "jsn"], &["'jsn'", "did you mean json?"]),
    (&["read", KNOCK, "-T", "pdml"], &["'pdml'", "tshark writes it, wirelab does not"]),
    (&["read", KNOCK, "-T", "tabs"], &["'tabs'", "fields with -e"]),
    (&["read", KNOCK, "-T", "fields"], &["needs at least one field", "-e ip.src"]),
    (&["read", KNOCK, "-T", "text", "-e", "ip.src"], &["-T text does not print", "use -T fields"]),
    (&["read", KNOCK, "-e", "ip.src"], &["the list does not show", "use -T fields"]),
    (&["read", KNOCK, "-E", "header=y"], &["-E says how -T fields prints", "use -T fields"]),
    (
        &["read", KNOCK, "-T", "json", "-e", "ip.scr"],
        &["\"ip.scr\" is not a field or protocol", "did you mean ip.src"],
    ),
    (&["read", KNOCK, "-T", "fields", "-e", "_ws.col.Inof"], &["_ws.col.Inof", "_ws.col.Info"]),
    (&["read", KNOCK, "--json", "-e", "_ws.col.Info"], &["a column of text", "--json tells"]),
    (&["read", KNOCK, "-T", "json", "-x"], &["-x prints text", "-x without -T"]),
    (&["read", KNOCK, "-j", "tcp", "-T", "json"], &["'tcp'", "-e chooses the fields"]),
    (&["read", KNOCK, "-u", "x"], &["'x'", "[possible values: s, hms]"]),
    (&["read", KNOCK, "-T", "fields", "-e", "ip.src", "-E", "header=maybe"], &["header=maybe", "header=y|n"]),
    (&["read", KNOCK, "-t", "x"], &["'x'", "expected r (since the first packet)"]),
    (&["read", KNOCK, "-F", "erf", "-w", "x.erf"], &["'erf'", "expected pcap or pcapng"]),
    (&["read", KNOCK, "-F", "pcap"], &["--write <OUT>"]),
    (&["read", KNOCK, "-T", "text", "-w", "-"], &["cannot both have standard output", "save to a file"]),
    (&["read", KNOCK, "-z", "io,phx"], &["-z io,phx is not known", "io,phs"]),
    (&["read", KNOCK, "-z", "io,stat,often"], &["-z io,stat,often is not known", "-z io,stat,0.1"]),
    (&["stats", KNOCK, "--interval", "0"], &["'0'", "seconds above 0"]),
    (&["read", KNOCK, "-qz", "follow,tls,ascii,0"], &["-z follow,tls,ascii,0", "follow,tcp,ascii,0"]),
    (&["read", KNOCK, "-z", "conv,eth"], &["-z conv,eth is not known", "conv,tcp conv,udp"]),
    (&["read", KNOCK, "-o", "tcp.relative"], &["has no value", "NAME:VALUE"]),
    (
        &["read", KNOCK, "-o", "tcp.check_cheksum:TRUE"],
        &["tcp.check_cheksum", "did you mean tcp.check_checksum"],
    ),
    (&["read", KNOCK, "-o", "zebra:TRUE"], &["zebra", "ip.defragment"]),
    (&["read", KNOCK, "-o", "ip.defragment:maybe"], &["TRUE or FALSE", "\"maybe\""]),
    (&["read", KNOCK, "-d", "zebra"], &["-d zebra", "udp.port==9999,vxlan"]),
    (&["read", KNOCK, "-d", "zebra.port==6,data"], &["\"zebra.port\"", "tcp.port and udp.port"]),
    (&["read", KNOCK, "-d", "udp.port==x,data"], &["neither a port nor a range", "9000-9010"]),
    (&["read", KNOCK, "-d", "udp.port==9,vxlna"], &["as \"vxlna\"", "did you mean vxlan?"]),
    (
        &["read", KNOCK, "-d", "tcp.port==9,vxlan"],
        &["tcp.port cannot be decoded as \"vxlan\"", "data, dns", "tls"],
    ),
    (&["read", KNOCK, "-d", "tcp.port==9,htttp"], &["as \"htttp\"", "did you mean http?"]),
    (&["read", KNOCK, "-i", "lo"], &["`read` has no option -i", "wirelab capture"]),
    (&["read", KNOCK, "-a", "duration:3"], &["packets:N is known", "wirelab capture"]),
    (&["read", KNOCK, "-R", "tcp"], &["-2 was not asked for", "use -Y"]),
    (&["read", KNOCK, "-d", "tcp.port==80,udp"], &["as \"udp\"", "tcp.port can be decoded as"]),
    (&["read", KNOCK, "-d", "udp.port==53,DNS"], &["as \"DNS\""]),
    (&["read", KNOCK, "-d", "ethertype==0x1234,"], &["ethertype"]),
    (&["read", "-D"], &["no option -D", "wirelab interfaces"]),
    (&["read", "-G", "fields"], &["no option -G", "wirelab fields"]),
    (&["read", "-2", "-"], &["reads the savefile twice", "save it first"]),
    (&["read", KNOCK, "-Y", "tcp", "udp"], &["two display filters", "&& after -Y"]),
    (&["man", "raed"], &["no verb raed", "did you mean read?"]),
    (&["man", "zebra"], &["no verb zebra", "there are read, explain"]),
    (&["man", "--dir", KNOCK], &["cannot write man pages to knock.pcapng", "folder that you may write to"]),
    (&["completions", "zish"], &["'zish'", "bash, elvish, fish"]),
    (
        &["read", KNOCK, "-T", "fields", "-e", "ip.scr"],
        &["\"ip.scr\" is not a field or protocol", "did you mean ip.src"],
    ),
    (
        &["read", KNOCK, "-T", "fields", "-e", "zebra"],
        &["\"zebra\" is not a field or protocol", "Wireshark's names"],
    ),
    (&["read", KNOCK, "-T", "fields", "-e", "ip.src", "-E", "colour=y"], &["-E colour=y", "separator=/t"]),
    (
        &["read", KNOCK, "-T", "fields", "-e", "ip.src", "-E", "separator="],
        &["separator= names no character", "/t for a tab"],
    ),
    (&["read", KNOCK, "-w", KNOCK], &["knock.pcapng is the file being read", "name another file"]),
    (&["read", KNOCK, "-w", "."], &["cannot create .", "name a file after -w"]),
    (
        &["read", KNOCK, "-w", "nosuch/out.pcap"],
        &["cannot create nosuch/out.pcap", "folder you may write to"],
    ),
    (&["read", KNOCK, "--color", "sometimes"], &["'sometimes'", "auto, always, never"]),
    (&["explain", KNOCK, "--stream", "x"], &["'x'", "as in tcp:0"]),
    (&["replay", KNOCK, "--speed", "x"], &["'x'", "as in 10 or 0.5"]),
    (&["replay", KNOCK, "--step"], &["--step needs a keyboard", "use --speed"]),
    (&["replay", KNOCK, "--step", "--follow-file"], &["--follow-file", "cannot be used with"]),
    (&["capture", "--seconds", "-3"], &["-3"]),
    (&["capture", "--seconds", "soon"], &["'soon'", "as in 10 or 0.5"]),
    (&["capture", "-i", "lo", "--until-closed"], &["--port"]),
    (&["serve", "knok"], &["no lab is called `knok`", "did you mean knock?"]),
    (&["client", "zebra"], &["no lab is called `zebra`", "greeting, datetime, knock, calculator"]),
    (&["client", "knock", "--address", "x"], &["'x'", "try 127.0.0.1 or ::1"]),
    (
        &["client", "knock", "--address", "192.0.2.1"],
        &["192.0.2.1", "WIRELAB_LOCAL_ONLY", "try 127.0.0.1 or ::1"],
    ),
    (&["read", "nosuch.pcap"], &["nosuch.pcap: cannot open it", "check the name and the folder"]),
    (&["read", "."], &["not a capture: it is a directory", "name a file in it"]),
    (&["read", "-"], &["standard input", "it is empty", "before the first packet"]),
];

#[test]
fn every_mistake_is_named_with_what_to_try() {
    for (args, signs) in MISTAKES {
        let run = run(args);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args:?}: {run:?}");
        for sign in *signs {
            assert!(run.err.contains(sign), "{args:?} does not say {sign:?}: {}", run.err);
        }
        check_form(args, &run.err);
    }
}

/// One sentence, and at most one line more with what to try; clap adds the usage below.
fn check_form(args: &[&str], err: &str) {
    let first = err.lines().next().unwrap();
    assert!(first.starts_with("error: ") || first.starts_with("wirelab: "), "{args:?}: {err}");
    if !err.contains("For more information, try '--help'") {
        assert!(err.lines().count() <= 2, "{args:?}: {err}");
        assert!(err.lines().skip(1).all(|line| line.starts_with("hint: ")), "{args:?}: {err}");
    }
    for jargon in ["panicked", "invalid digit", "Error {", "unwrap"] {
        assert!(!err.contains(jargon), "{args:?}: {err}");
    }
}

#[test]
#[cfg(feature = "live")]
fn a_wrong_filter_gets_a_hint_in_every_verb() {
    for verb in ["read", "explain", "flows", "replay"] {
        let display = run(&[verb, KNOCK, "-f", "tcp.port == 80"]);
        assert_eq!((display.code, display.out.as_str()), (Some(2), ""), "{display:?}");
        assert!(
            display.err.contains("Wireshark display filter") && display.err.contains("-f 'tcp port 80'"),
            "{verb}: {}",
            display.err
        );
        let broken = run(&[verb, KNOCK, "-f", "port ("]);
        assert_eq!((broken.code, broken.out.as_str()), (Some(2), ""), "{broken:?}");
        assert!(
            broken.err.contains("filter \"port (\"") && broken.err.contains("man pcap-filter"),
            "{verb}: {}",
            broken.err
        );
    }
}

#[test]
#[cfg(feature = "live")]
fn an_interface_that_is_not_there_is_named() {
    let run = run(&["capture", "-i", "nosuch0"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.contains("nosuch0") && run.err.contains("wirelab interfaces"), "{}", run.err);
}

#[test]
fn what_is_no_capture_is_named_for_what_it_is() {
    let gzip = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, bytes).unwrap();
        packed.finish().unwrap()
    };
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("empty.pcap", Vec::new(), "it is empty"),
        ("text.pcap", b"hello, this is text\n".to_vec(), "it is text"),
        ("text.pcap.gz", gzip(b"hello, this is text\n"), "it is text"),
        ("bluetooth.pcap", b"btsnoop\0\0\0\0\x01\0\0\x03\xea".to_vec(), "btsnoop"),
        ("noise.pcap", vec![0xee; 64], "not a capture"),
    ];
    for (name, bytes, sign) in cases {
        let (_folder, path) = file(name, &bytes);
        for verb in ["read", "explain", "flows", "replay"] {
            let run = run(&[verb, path.to_str().unwrap()]);
            assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{verb} {name}: {run:?}");
            assert!(run.err.contains(name) && run.err.contains(sign), "{verb} {name}: {}", run.err);
            assert_eq!(run.err.lines().count(), 1, "{verb} {name}: {}", run.err);
        }
    }
}

#[test]
fn a_port_in_use_is_named_by_serve() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run = run(&["serve", "knock", "--port", &port]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(
        run.err.contains(&format!("port {port} is in use")) && run.err.contains("try --port"),
        "{}",
        run.err
    );
}
