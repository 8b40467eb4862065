//! Zone files: what is wrong with them, and that an export says what was read.

use super::*;

fn zones(files: &[(&str, &str)]) -> Result<Internet, ZonesError> {
    Internet::from_files(files.iter().copied(), Addresses::AsWritten, Validity::starting_now())
}

const ROOT: &str = "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\na. A 192.0.2.1\n";

#[test]
fn a_wrong_file_is_named_with_its_line() {
    for (added, line, said) in [
        ("x A 192.0.2\n", 5, "`192.0.2` is no IPv4 address"),
        ("x MX (\n 10\n", 5, "a parenthesis is opened here and never closed"),
        (")\n", 5, "a parenthesis is closed that was not opened"),
        ("x ((\n", 5, "a parenthesis within parentheses"),
        ("\n\nx TXT \"a\n", 7, "a quotation mark is opened here and not closed"),
        ("x WHAT 1\n", 5, "`WHAT` is no record type"),
        ("x CH A 192.0.2.1\n", 5, "class CH: zones here are of class IN"),
        ("x\n", 5, "the record's type is missing"),
        ("x 1y A 192.0.2.1\n", 5, "`1y` is no time in seconds up to 2147483647, nor one such as 1h30m"),
        ("$TTL\n", 5, "$TTL takes one value"),
        ("$GENERATE 1\n", 5, "`$GENERATE` is no control entry: $ORIGIN and $TTL are"),
        ("$INCLUDE x\n", 5, "$INCLUDE is not read: write the records into this file"),
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
            "edu.zone, line 3: x.com. is not within the zone edu.",
        ),
        (
            &[("a.zone", "$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n@ NS a.\n"), ("root.zone", ROOT)],
            "root.zone: the zone . is in a.zone already",
        ),
    ] {
        assert_eq!(zones(files).unwrap_err().to_string(), said);
    }
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
