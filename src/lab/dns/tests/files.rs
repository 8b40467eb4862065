//! Zone files: what is wrong with them, and that an export says what was read.

use std::fs;

use super::*;

fn zones(files: &[(&str, &str)]) -> Result<Internet, ZonesError> {
    Internet::from_files(files.iter().copied(), Addresses::AsWritten, Validity::starting_now())
}

const ROOT: &str = "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\na. A 192.0.2.1\n";

#[test]
fn a_wrong_file_is_named_with_its_line() {
    for (added, line, said) in [
        ("x A 192.0.2\n", 5, "`192.0.2` is no IPv4 address: that has four numbers from 0 to 255"),
        ("x A 1.2.3.4.5\n", 5, "`1.2.3.4.5` is no IPv4 address: that has four numbers from 0 to 255"),
        ("x A 2001:db8::1\n", 5, "`2001:db8::1` is no IPv4 address: its type is AAAA"),
        ("x AAAA 192.0.2.1\n", 5, "`192.0.2.1` is no IPv6 address: its type is A"),
        ("x MX 10 1.2.3.4\n", 5, "`1.2.3.4` is an address, and the MX record is to have a name there"),
        ("x NS 1.2.3.4.\n", 5, "`1.2.3.4.` is an address, and the NS record is to have a name there"),
        (
            "x CNAME 2001:db8::1\n",
            5,
            "`2001:db8::1` is an address, and the CNAME record is to have a name there",
        ),
        ("x 192.0.2.1\n", 5, "the record's type is missing: A before the address 192.0.2.1"),
        ("x 60 2001:db8::1\n", 5, "the record's type is missing: AAAA before the address 2001:db8::1"),
        ("x -1 A 192.0.2.1\n", 5, "the time to live `-1` is negative: none can be"),
        (
            "A 192.0.2.1\n",
            5,
            "the record's type is missing: A before the address 192.0.2.1 (`A` stands where the name belongs; a line \
             without a name begins with a blank)",
        ),
        (
            "NS ns1\n",
            5,
            "`ns1` is no record type (`NS` stands where the name belongs; a line without a name begins with a blank)",
        ),
        (" $TTL 60\n", 5, "$TTL has to stand at the beginning of its line"),
        (
            "x TXT (\n a\ny TXT ( b )\n",
            7,
            "a parenthesis within parentheses: is that of line 5 never closed?",
        ),
        ("x TXT \"a\ny TXT \"b\"\n", 5, "a quotation mark is opened here and not closed"),
        ("x MX (\n 10\n", 5, "a parenthesis is opened here and never closed"),
        (")\n", 5, "a parenthesis is closed that was not opened"),
        ("x ((\n", 5, "a parenthesis within parentheses: is that of line 5 never closed?"),
        ("\n\nx TXT \"a\n", 7, "a quotation mark is opened here and not closed"),
        ("x WHAT 1\n", 5, "`WHAT` is no record type"),
        ("x CH A 192.0.2.1\n", 5, "class CH: zones here are of class IN"),
        ("x\n", 5, "the record's type is missing"),
        ("x 1y A 192.0.2.1\n", 5, "`1y` is no time in seconds up to 2147483647, nor one such as 1h30m"),
        ("$TTL\n", 5, "$TTL takes one value"),
        ("$GENERATE 1-9 h$ A 192.0.2.$\n", 5, "$GENERATE is not read: write each record"),
        ("$WHAT 1 2\n", 5, "`$WHAT` is no control entry: $ORIGIN and $TTL are"),
        ("$INCLUDE x y\n", 5, "$INCLUDE is not read: write the records into this file"),
        ("@ SOA a. b. 1 2 3 4 5\n", 5, "a second SOA record; the first is on line 2"),
        ("x CNAME a.\nx A 192.0.2.1\n", 5, "x. is an alias (CNAME) and has other records"),
        ("x CNAME a.\nx CNAME b.\n", 6, "x. has a second CNAME record"),
        ("x A 192.0.2.1\nx 9 A 192.0.2.2\n", 6, "the time to live is 9, that of other A records of x. is 60"),
        ("x DS 1 13 2 AA\n", 5, "x. has a DS record and is not delegated"),
        ("x NS a.\nx TXT a\n", 6, "x. is delegated: its TXT record belongs into its own zone"),
        (
            "x NS a.\ny.x TXT a\n",
            6,
            "y.x. is below x., which is delegated: only addresses of name servers may stand here",
        ),
        ("x DNAME a.\ny.x A 192.0.2.1\n", 6, "y.x. is below x., which a DNAME record moves elsewhere"),
        (
            "x RRSIG a\n",
            5,
            "RRSIG records are made when the server starts: leave them out and write `; wirelab: sign`",
        ),
        (
            "; wirelab: sing\n",
            5,
            "`wirelab: sing` is no order: sign, sign opt-out, sign broken, server NAME silent and server NAME \
             truncates are",
        ),
        ("; wirelab: sign\n; wirelab: sign\n", 6, "the zone is told to be signed twice"),
        ("; wirelab: server x mute\n", 5, "a server may be silent or truncates, not `mute`"),
        (
            "; wirelab: server quite-other silent\n",
            5,
            "no zone has an NS record that names quite-other.; those that there are: a.",
        ),
        (
            "@ NS ns1.lab\n; wirelab: server ns2.lab truncates\n",
            6,
            "no zone has an NS record that names ns2.lab.; did you mean ns1.lab.?",
        ),
        (
            "; wirelab: server a silent\n; wirelab: server a truncates\n",
            6,
            "a. cannot both be silent and truncate",
        ),
        (
            "x..y A 192.0.2.1\n",
            5,
            "`x..y`: a label is empty: two dots stand together, or one begins the name",
        ),
        ("x TXT \u{1b}[2J \u{202e} (\n", 5, "a parenthesis is opened here and never closed"),
        ("\u{1b}[2J\u{202e} WHAT\n", 5, "`WHAT` is no record type"),
        ("x A \u{1b}[2J\u{202e}\n", 5, "`\\u{1b}[2J\\u{202e}` is no IPv4 address"),
    ] {
        let text = format!("{ROOT}{added}");
        let error = zones(&[("root.zone", &text)]).unwrap_err().to_string();
        assert_eq!(error, format!("root.zone, line {line}: {said}"), "{added:?}");
    }
}

#[test]
fn a_server_is_known_by_the_name_that_any_zone_has_for_it() {
    let text = "@ 60 SOA a. b. 1 2 3 4 5\n@ NS ns\nns A 192.0.2.2\n; wirelab: server a. silent\n";
    let internet = zones(&[("root.zone", ROOT), ("edu.zone", text)]).unwrap();
    let of = |name: &str| {
        let name = Name::parse(name, &Name::root()).unwrap();
        internet.servers().iter().find(|server| server.names.contains(&name)).unwrap().manner
    };
    assert_eq!((of("a."), of("ns.edu.")), (Manner::Silent, Manner::Usual));
    // Of many some are named.
    let many: String = (0..20).map(|number| format!("@ NS server{number}.example.\n")).collect();
    let text = format!("{ROOT}{many}; wirelab: server nobody silent\n");
    let said = zones(&[("root.zone", &text)]).unwrap_err().to_string();
    assert!(said.starts_with("root.zone, line 25: ") && said.ends_with(" 13 more"), "{said}");
}

#[test]
fn what_a_zone_needs_is_asked_for() {
    for (files, said) in [
        (&[("root.zone", "")][..], "root.zone, line 1: the zone has no SOA record"),
        (
            &[("root.zone", "@ 60 SOA a. b. 1 2 3 4 5\n")],
            "root.zone, line 1: . has no NS record: nobody would serve it",
        ),
        (
            &[("edu.zone", "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\n")],
            "no file has the root zone (an SOA record for the name `.`)",
        ),
        (
            &[("edu.zone", "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\nx.com. 60 A 192.0.2.1\n")],
            "edu.zone, line 3: x.com. is not within the zone edu., which the SOA record on line 1 names",
        ),
        (
            &[("root.zone", " SOA a. b. 1 2 3 4 5\n")],
            "root.zone, line 1: a line that begins with a blank takes its name from the record before, and there is \
             none: begin it with a name, or @ for the zone's own",
        ),
        (
            &[("root.zone", "@ 60 SOA a. b. 5000000000 2 3 4 5\n")],
            "root.zone, line 1: the serial number `5000000000` is no number from 0 to 4294967295",
        ),
        (
            &[("root.zone", "@ NS a.\n@ 60 SOA a. b. 1 2 3 4 5\n")],
            "root.zone, line 1: the time to live is missing: write it, or $TTL before",
        ),
        (
            &[("root.zone", "@ 60 SOA a. b. (1 2 3 4 5\n@ NS a.\na. A 192.0.2.1\n")],
            "root.zone, line 1: a parenthesis is opened here and never closed",
        ),
        (
            &[("edu..x.zone", "")],
            "edu..x.zone, line 1: what stands before .zone in the file's name is no zone's name: a label is empty: \
             two dots stand together, or one begins the name",
        ),
        (
            &[("a.zone", "$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n"), ("root.zone", ROOT)],
            "root.zone: the zone . is in a.zone already",
        ),
    ] {
        assert_eq!(zones(files).unwrap_err().to_string(), said);
    }
}

/// The root, edu. with `edu` in it, and t.edu. with `text`: what is said of them.
fn said_of(edu: &str, text: &str) -> Vec<String> {
    let root = format!("{ROOT}edu NS a.edu\na.edu A 192.0.2.2\n");
    let edu = format!("$TTL 60\n@ SOA a b 1 2 3 4 5\n@ NS a\na A 192.0.2.2\n{edu}");
    let text = format!("$TTL 60\n@ SOA ns1 b 1 2 3 4 5\n{text}");
    match zones(&[("root.zone", &root), ("edu.zone", &edu), ("t.edu.zone", &text)]) {
        Ok(internet) => internet.notices().iter().map(ToString::to_string).collect(),
        Err(error) => vec![format!("error: {error}")],
    }
}

const DELEGATED: &str = "t NS ns1.t\nns1.t A 192.0.2.3\n";
const SERVED: &str = "@ NS ns1\nns1 A 192.0.2.3\n";

#[test]
fn a_zone_whose_own_server_has_no_address_is_an_error() {
    for (text, said) in [
        (
            "@ NS ns1.t.edu\nns1 A 192.0.2.3\n",
            "the name server ns1.t.edu.t.edu. has no address; is a dot missing at its end (`ns1.t.edu.`)?",
        ),
        (
            "@ NS ns1.edu\nns1 A 192.0.2.3\n",
            "the name server ns1.edu.t.edu. has no address; is a dot missing at its end (`ns1.edu.`)?",
        ),
        (
            "@ NS ns1\n",
            "the name server ns1.t.edu. has no address: write its A record as well, `ns1.t.edu. A …`",
        ),
        (
            "@ NS ns1\nns1 CNAME x\nx A 192.0.2.3\n",
            "the name server ns1.t.edu. is an alias (CNAME): it needs an address of its own (RFC 2181 section 10.3)",
        ),
        ("@ NS ns1\n* A 192.0.2.3\n", "the name server ns1.t.edu. has no address record of its own"),
    ] {
        assert_eq!(said_of(DELEGATED, text), [format!("error: t.edu.zone, line 3: {said}")], "{text}");
    }
    assert_eq!(said_of(DELEGATED, SERVED), Vec::<String>::new());
    assert_eq!(said_of(DELEGATED, "@ NS ns1\nns1 AAAA 2001:db8::1\n@ NS a.edu.\n"), Vec::<String>::new());
}

#[test]
fn a_delegation_that_leads_nowhere_is_told() {
    for (edu, said) in [
        (
            "t NS ns1.t.edu\nns1.t A 192.0.2.3\n",
            "the name server ns1.t.edu.edu. has no address; is a dot missing at its end (`ns1.t.edu.`)?",
        ),
        (
            "t NS ns1.t\nx NS ns1.example.com.\n",
            "the name server ns1.example.com. has no address in any of these zones",
        ),
        (
            "t NS ns1.t\nx NS ns1.x\n",
            "the name server ns1.x.edu. has no address: write its A record as well, `ns1.x.edu. A …`",
        ),
    ] {
        let line = edu.lines().position(|line| line.starts_with("x NS")).unwrap_or(0) + 5;
        assert_eq!(said_of(edu, SERVED), [format!("edu.zone, line {line}: {said}")], "{edu}");
    }
    // Two zones with each other's server are how that is: nobody wrote the wrong name.
    let crossed = format!("{DELEGATED}x NS ns1.y\ny NS ns1.x\n");
    assert_eq!(said_of(&crossed, SERVED), Vec::<String>::new());
}

#[test]
fn a_zone_that_nobody_is_led_to_is_told() {
    assert_eq!(
        said_of("", SERVED),
        ["t.edu.zone, line 2: no NS record in edu.zone leads to t.edu.: nobody finds this zone"]
    );
    let elsewhere = "t NS ns2.t\nns2.t A 192.0.2.99\n";
    assert_eq!(
        said_of(elsewhere, SERVED),
        [
            "t.edu.zone, line 2: edu.zone has other name servers for t.edu. than this zone itself: nobody is led to \
          those that serve it"
        ]
    );
}

#[test]
fn what_may_be_meant_otherwise_is_told() {
    for (added, line, said) in [
        ("@ MX 10 mail\n", 5, "mail.t.edu. has no address: write its A record as well, `mail.t.edu. A …`"),
        (
            "@ MX 10 mail.t.edu\n",
            5,
            "mail.t.edu.t.edu. has no address; is a dot missing at its end (`mail.t.edu.`)?",
        ),
        (
            "mail CNAME ns1\n@ MX 10 mail\n",
            6,
            "mail.t.edu. is an alias (CNAME), and the name in MX records is to have an address of its own",
        ),
        (
            "www CNAME www.nyu.edu\n",
            5,
            "www.nyu.edu.t.edu. is not there; is a dot missing at its end (`www.nyu.edu.`)?",
        ),
        (
            "www.t.edu A 192.0.2.4\n",
            5,
            "www.t.edu.t.edu. ends in the zone's name twice; is a dot missing at its end (`www.t.edu.`)?",
        ),
        ("x A 192.0.2.4\nx A 192.0.2.4\n", 6, "the record of line 5 once more: it counts once"),
        (
            "; wirelab sign\n",
            5,
            "an order to this server without its colon is a comment: write `; wirelab: …`",
        ),
        (
            "x A 192.0.2.4 ; Wirelab server ns1 silent",
            5,
            "an order to this server without its colon is a comment: write `; wirelab: …`",
        ),
    ] {
        let text = format!("{SERVED}{added}");
        assert_eq!(said_of(DELEGATED, &text), [format!("t.edu.zone, line {line}: {said}")], "{added:?}");
    }
    for quiet in [
        "x CNAME nowhere\n",
        "@ MX 0 .\n",
        "*.w A 192.0.2.4\n@ MX 1 m.w\n",
        "@ MX 1 a.edu.\n",
        "d DNAME edu.\n@ MX 1 m.d\n",
        "; wirelab signs this\n",
    ] {
        assert_eq!(said_of(DELEGATED, &format!("{SERVED}{quiet}")), Vec::<String>::new(), "{quiet:?}");
    }
    // However many there are, some are kept.
    let many: String = (0..1_000).map(|number| format!("h{number} MX 1 nowhere\n")).collect();
    assert_eq!(said_of(DELEGATED, &format!("{SERVED}{many}")).len(), 200);
    // An error behind them is still one.
    let text = format!("{SERVED}{many}@ NS nowhere\n");
    assert!(said_of(DELEGATED, &text)[0].starts_with("error: t.edu.zone, line 1005: "));
}

#[test]
fn the_zones_that_come_with_the_program_are_meant_as_they_are() {
    assert_eq!(WORLD.notices(), []);
    let internet = Internet::own(Addresses::Loopback, Validity::starting_now()).unwrap();
    assert_eq!(internet.notices(), []);
}

#[test]
fn a_server_with_an_ipv6_address_only_is_not_on_loopback() {
    let text = ROOT.replace("A 192.0.2.1", "AAAA 2001:db8::1");
    let files = || [("root.zone", &*text)].into_iter();
    let internet = Internet::from_files(files(), Addresses::AsWritten, Validity::starting_now()).unwrap();
    assert_eq!((internet.servers().len(), internet.notices()), (1, &[][..]));
    let error = Internet::from_files(files(), Addresses::Loopback, Validity::starting_now()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "root.zone, line 3: the name server a. has no IPv4 address, and on loopback there are no others"
    );
}

#[test]
fn files_of_other_systems_are_read() {
    let signed = format!("; WireLab: sign\n{ROOT}x TXT \"a\"\nx MX (\n  10\n  a. )\n");
    let plain = zones(&[("root.zone", &signed)]).unwrap();
    let windows = format!("\u{feff}{}", signed.replace('\n', "\r\n"));
    let read = zones(&[("root.zone", &windows)]).unwrap();
    assert!(plain.anchor().is_some() && read.anchor().is_some());
    let data = |internet: &Internet| -> Vec<(Name, Kind, u32, Vec<Vec<u8>>)> {
        let sets = internet.zones()[0].nodes().flat_map(|(name, sets)| {
            sets.iter().map(|set| (name.clone(), set.kind, set.ttl, set.data.clone()))
        });
        sets.filter(|(_, kind, ..)| *kind != Kind::DNSKEY).collect()
    };
    assert_eq!(data(&plain), data(&read));
    let error = zones(&[("root.zone", &format!("{windows}x WHAT\r\n"))]).unwrap_err().to_string();
    assert_eq!(error, "root.zone, line 10: `WHAT` is no record type");
}

#[test]
fn a_zone_file_that_is_not_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("root.zone", ROOT);
    put("README", "Here the SOA record is explained.");
    put("root.hints", ". 60 NS a.\n");
    for name in ["t.edu.txt", "db.edu", "edu.ZONE", "edu.zone~", ".edu.zone.swp", "#edu.zone#"] {
        put(name, "; The zone\n$TTL 60\n@ IN SOA a b 1 2 3 4 5\n");
    }
    let read = Internet::read_folder(folder.path(), Addresses::AsWritten, Validity::starting_now()).unwrap();
    let said: Vec<String> = read.notices().iter().map(ToString::to_string).collect();
    let wanted = ["db.edu", "edu.ZONE", "t.edu.txt"].map(|name| {
        format!("{name}: it looks like a zone and is not read: the names of zone files end in .zone")
    });
    assert_eq!(said, wanted);
}

#[test]
fn a_folder_is_read_and_faults_in_it_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let read = || Internet::read_folder(folder.path(), Addresses::AsWritten, Validity::starting_now());
    assert!(matches!(read().unwrap_err(), ZonesError::None(_)));
    fs::write(folder.path().join("root.zone"), ROOT).unwrap();
    fs::write(folder.path().join("README"), "not a zone").unwrap();
    assert_eq!(read().unwrap().zones().len(), 1);
    fs::write(folder.path().join("edu.zone"), b"\xff").unwrap();
    assert!(matches!(read().unwrap_err(), ZonesError::Read { .. }));
    fs::write(folder.path().join("edu.zone"), vec![b' '; master::MAX_FILE_BYTES + 1]).unwrap();
    assert!(read().unwrap_err().to_string().ends_with("edu.zone failed: it has more than 1048576 bytes"));
    fs::remove_file(folder.path().join("edu.zone")).unwrap();
    fs::write(folder.path().join("root.zone"), format!("{ROOT}; wirelab: server b silent\n")).unwrap();
    assert_eq!(
        read().unwrap_err().to_string(),
        "root.zone, line 5: no zone has an NS record that names b.; did you mean a.?"
    );
    let missing = folder.path().join("missing");
    let error = Internet::read_folder(&missing, Addresses::AsWritten, Validity::starting_now()).unwrap_err();
    assert!(matches!(error, ZonesError::Read { .. }));
}

#[test]
fn an_export_without_what_was_made_is_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let paths = WORLD.export(folder.path()).unwrap();
    assert_eq!(paths.len(), OWN.len() + 3);
    for zone in WORLD.zones() {
        let file = format!("{}.zone", zone.apex.to_string().trim_end_matches('.'));
        let file = if zone.apex.is_root() { "root.zone".to_owned() } else { file };
        let text = fs::read_to_string(folder.path().join(&file)).unwrap();
        let made = ["RRSIG", "NSEC3", "NSEC3PARAM", "DNSKEY", "DS"];
        let is_own = |line: &&str| !made.contains(&line.split(' ').nth(3).unwrap());
        let own: String = text.lines().filter(is_own).map(|line| format!("{line}\n")).collect();
        let again = Zone::build(&file, &master::read(&file, &own, &Name::root()).unwrap()).unwrap();
        let mut seen = 0;
        for (name, sets) in again.nodes() {
            for set in sets {
                let before = zone.set(name, set.kind).unwrap();
                assert_eq!((before.ttl, &before.data), (set.ttl, &set.data), "{name} {}", set.kind);
                seen += 1;
            }
        }
        let wanted =
            zone.nodes().flat_map(|(_, sets)| sets).filter(|set| !made.contains(&&*set.kind.to_string()));
        assert_eq!(seen, wanted.count(), "{file}");
    }
}

#[test]
fn a_source_that_is_there_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    let count = write_own_files(&source).unwrap().len();
    assert_eq!(count, OWN.len());
    // The same again is no change, and a file that is missing is made.
    fs::remove_file(source.join("uk.zone")).unwrap();
    assert_eq!(write_own_files(&source).unwrap().len(), OWN.len());
    assert!(source.join("uk.zone").is_file());
    let edited = source.join("edu.zone");
    fs::write(&edited, "edited").unwrap();
    fs::remove_file(source.join("com.zone")).unwrap();
    let error = write_own_files(&source).unwrap_err();
    assert_eq!(error.path, edited);
    assert!(error.to_string().contains("is there, and is not as wirelab's own"), "{error}");
    assert_eq!(fs::read_to_string(&edited).unwrap(), "edited");
    assert!(!source.join("com.zone").exists(), "nothing is written where not all can be");
    fs::remove_file(&edited).unwrap();
    fs::create_dir(&edited).unwrap();
    assert_eq!(write_own_files(&source).unwrap_err().path, edited);
}
