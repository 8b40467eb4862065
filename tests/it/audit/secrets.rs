//! Secrets that `audit` finds, and what others do not show of them.

use super::{flow, random, row, run, secrets, tcp_file, udp_file};

#[test]
fn secrets_of_mail_files_and_terminals_are_found_and_masked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ftp: &[(bool, &[u8])] = &[
        (false, b"220 FTP\r\n"),
        (true, b"USER bob\r\n"),
        (false, b"331 Password please\r\n"),
        (true, b"PASS s3cret\r\n"),
    ];
    assert_eq!(secrets(&tcp_file(folder, "ftp.pcap", 21, ftp)), [row("password", "bob", "s3cret")]);
    let smtp: &[(bool, &[u8])] = &[
        (false, b"220 ESMTP\r\n"),
        (true, b"AUTH LOGIN\r\n"),
        (false, b"334 VXNlcm5hbWU6\r\n"),
        (true, b"Ym9i\r\n"),
        (false, b"334 UGFzc3dvcmQ6\r\n"),
        (true, b"c2VjcmV0LXdvcmQ=\r\n"),
    ];
    assert_eq!(secrets(&tcp_file(folder, "smtp.pcap", 25, smtp)), [row("password", "bob", "secret-word")]);
    let pop: &[(bool, &[u8])] = &[(false, b"+OK\r\n"), (true, b"APOP bob c4c9334bac560ecc979e\r\n")];
    assert_eq!(
        secrets(&tcp_file(folder, "pop.pcap", 110, pop)),
        [row("digest", "bob", "c4c9334bac560ecc979e")]
    );
    let imap: &[(bool, &[u8])] = &[(false, b"* OK\r\n"), (true, b"a1 LOGIN bob \"s3 cret\"\r\n")];
    assert_eq!(secrets(&tcp_file(folder, "imap.pcap", 143, imap)), [row("password", "bob", "s3 cret")]);
    // Typed letter by letter, the name echoed.
    let telnet: &[(bool, &[u8])] = &[
        (false, b"\xff\xfd\x18\xff\xfd\x20"),
        (true, b"\xff\xfc\x18\xff\xfc\x20"),
        (false, b"login: "),
        (true, b"b"),
        (false, b"b"),
        (true, b"o"),
        (false, b"o"),
        (true, b"\r\0"),
        (false, b"\r\nPassword: "),
        (true, b"Se"),
        (true, b"xy\x7fsame"),
        (true, b"\r\0"),
        (false, b"\r\nWelcome\r\n"),
    ];
    assert_eq!(secrets(&tcp_file(folder, "telnet.pcap", 23, telnet)), [row("password", "bo", "Sexsame")]);
    let redis: &[(bool, &[u8])] =
        &[(true, b"*3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$8\r\ns3cret!!\r\n"), (false, b"+OK\r\n")];
    assert_eq!(secrets(&tcp_file(folder, "redis.pcap", 6379, redis)), [row("password", "bob", "s3cret!!")]);
    let latin: &[(bool, &[u8])] =
        &[(false, b"220 FTP\r\n"), (true, b"USER bob\r\nPASS \xe4\xf6\xfc\xdf\r\n")];
    assert_eq!(secrets(&tcp_file(folder, "latin.pcap", 21, latin)).len(), 1);
    let snmp: &[&[u8]] = &[b"\x30\x26\x02\x01\x01\x04\x07pub-lic\xa0\x18\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x0d\x30\x0b\x06\x07\x2b\x06\x01\x02\x01\x01\x01\x05\0"];
    assert_eq!(secrets(&udp_file(folder, "snmp.pcap", 161, snmp)), [row("community", "", "pub-lic")]);
}

#[test]
fn what_a_side_was_asked_for_is_not_shown_among_its_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |name: &str, port: u16, said: &[(bool, &[u8])]| {
        let path = tcp_file(folder.path(), name, port, said);
        let (_, flows, _) = run(&["flows", "--json", path.to_str().unwrap()]);
        let (_, explained, _) = run(&["explain", "--json", path.to_str().unwrap()]);
        assert!(flows.contains("payload_start"), "{flows}");
        format!("{flows}{explained}")
    };
    let smtp: &[(bool, &[u8])] = &[
        (false, b"220 ESMTP\r\n"),
        (true, b"AUTH LOGIN\r\n"),
        (false, b"334 VXNlcm5hbWU6\r\n"),
        (true, b"Ym9i\r\n"),
        (false, b"334 UGFzc3dvcmQ6\r\n"),
        (true, b"c2VjcmV0LXdvcmQ=\r\n"),
    ];
    assert!(!shown("smtp.pcap", 25, smtp).contains("c2VjcmV0"));
    let banner = "Welcome to a machine with a long banner. ".repeat(4);
    let prompt = format!("{banner}\r\nPIN: ");
    let typed: &[(bool, &[u8])] = &[(false, prompt.as_bytes()), (true, b"s3cret\r\n"), (false, b"hello\r\n")];
    assert!(!shown("typed.pcap", 4000, typed).contains("s3cret"));
    let chat: &[(bool, &[u8])] = &[(false, b"Who is there?\n"), (true, b"It is me\n")];
    assert!(shown("chat.pcap", 4001, chat).contains("It is me"));
}

#[test]
fn lines_that_are_too_long_to_be_read_whole_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("GET /?a={}&password=s3cret HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(5000));
    for (said, lines) in [(long.as_bytes(), 1), (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0)] {
        let path = tcp_file(folder.path(), "long.pcap", 80, &[(true, said)]);
        let (code, _, err) = run(&["audit", path.to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
        assert_eq!(err.contains("only the first bytes were looked at for secrets: 1"), lines == 1, "{err}");
        assert_eq!(flow(&path, &[])["long_lines"].as_u64().unwrap_or(0), lines);
    }
}

#[test]
fn endless_lines_and_headers_are_read_in_one_go() {
    let folder = tempfile::tempdir().unwrap();
    // Some megabytes of each: what is not linear takes minutes.
    let cookies: String = (0..60_000).map(|n| format!("Cookie: c{n}=v{n}; d={n}\r\n")).collect();
    let folded = format!("Authorization: Basic\r\n{}", " a\r\n".repeat(300_000));
    let endless = format!("Cookie: {}", "a=b; ".repeat(300_000));
    let packed = [b"\x1f\x8b\x08".as_slice(), &random(2_000_000)].concat();
    for bytes in [cookies.as_bytes(), folded.as_bytes(), endless.as_bytes(), &packed] {
        let said = [b"GET / HTTP/1.1\r\nHost: a\r\n", bytes].concat();
        let chunks: Vec<(bool, &[u8])> = said.chunks(16_000).map(|chunk| (true, chunk)).collect();
        let flow = flow(&tcp_file(folder.path(), "l.pcap", 8080, &chunks), &[]);
        assert_eq!(flow["verdict"], "plaintext");
        assert!(flow["secrets"].as_array().unwrap().len() <= 32);
    }
}
