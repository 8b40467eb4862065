//! Options that tshark takes and that change nothing, or little, where a savefile is read.

use super::{KNOCK, Run, file, run};
use crate::source::Order;

/// A run of `read` on the recording that did its work.
fn read(options: &[&str]) -> Run {
    let run = run(&[&["read", KNOCK], options].concat());
    assert_eq!(run.code, Some(0), "{options:?}: {}", run.err);
    run
}

#[test]
fn harmless_options_change_nothing() {
    let plain = read(&[]).out;
    for options in [
        &["--no-duplicate-keys"][..],
        &["--log-level", "warning"],
        &["-s", "100"],
        &["-p"],
        &["-B", "4"],
        &["-y", "EN10MB"],
        &["-u", "s"],
        &["--print"],
        &["-a", "packets:100"],
        &["--color=never"],
        &["-2", "-R", "tcp"],
    ] {
        let run = read(options);
        assert_eq!((run.out.as_str(), run.err.as_str()), (plain.as_str(), ""), "{options:?}");
    }
    assert_eq!(read(&["-a", "packets:3"]).out, read(&["-c3"]).out);
}

#[test]
fn options_without_effect_say_so() {
    let plain = read(&[]).out;
    for (options, named) in [
        (&["-S", "x"][..], "-S"),
        (&["-M", "5"], "-M"),
        (&["-u", "hms"], "-u"),
        (&["-C", "Default"], "-C"),
        (&["-K", "x.keytab"], "-K"),
        (&["-W", "n"], "-W"),
        (&["--enable-protocol", "x"], "--enable-protocol"),
        (&["--disable-protocol", "x"], "--disable-protocol"),
        (&["-o", "tcp.calculate_timestamps:FALSE"], "-o tcp.calculate_timestamps"),
        (&["-o", "http.tcp.port:80"], "-o http.tcp.port"),
        (&["-d", "tcp.port==8888,bgp"], "-d tcp.port==8888,bgp"),
        (&["-d", "udp.port==53,snmp"], "-d udp.port==53,snmp"),
        (&["-d", "ip.proto==99,udp"], "-d ip.proto==99,udp"),
        (&["-d", "ethertype==0x1234,ip"], "-d ethertype==0x1234,ip"),
        (&["-O", "snmp"], "-O snmp"),
    ] {
        let run = read(options);
        if !options.contains(&"-O") {
            assert_eq!(run.out, plain, "{options:?}");
        }
        assert!(run.err.starts_with(&format!("warning: {named} ")), "{options:?}: {}", run.err);
        assert_eq!(run.err.lines().count(), 1, "{options:?}: {}", run.err);
    }
}

#[test]
fn details_are_those_of_the_protocols_that_o_names() {
    let tree = read(&["-c1", "-O", "ip"]).out;
    assert!(tree.contains("ip.ttl") && tree.contains("· tcp ·"), "{tree}");
    assert!(!tree.contains("tcp.srcport") && !tree.contains("frame.number"), "{tree}");
    assert_eq!(read(&["-c1", "-O", "frame,eth,ip,tcp,wirelab"]).out, read(&["-c1", "-V"]).out);
    assert_eq!(read(&["-c1", "-T", "json", "-V"]).out, read(&["-c1", "-T", "json"]).out);
    let fields = ["-c1", "-T", "fields", "-e", "ip.src"];
    assert_eq!(read(&[&fields[..], &["-V", "-x"]].concat()).out, read(&fields).out);
}

#[test]
fn a_value_may_begin_with_a_minus() {
    assert_eq!(read(&["-Y", "-tcp.len == 0"]).out, read(&["-Y", "tcp.len == 0"]).out);
    let separated = read(&["-c1", "-T", "fields", "-e", "ip.src", "-e", "ip.ttl", "-E", "separator=-"]).out;
    assert_eq!(separated, "127.0.0.1-64\n");
    assert_eq!(run(&["flows", KNOCK, "-Y", "-tcp.len == 0"]).code, Some(0));
    assert!(run(&["read", KNOCK, "-T", "fields", "-e", "-x"]).err.contains("\"-x\" is not a field"));
}

#[test]
fn color_without_a_word_is_always() {
    assert_eq!(read(&["--color"]).out, read(&["--color", "always"]).out);
    assert!(read(&["--color"]).out.contains('\u{1b}'));
}

#[test]
fn the_first_filter_is_for_the_first_pass() {
    let both = read(&["-2", "-R", "tcp.len > 0", "-Y", "tcp.srcport == 43389"]).out;
    assert_eq!(both, read(&["-Y", "tcp.len > 0 && tcp.srcport == 43389"]).out);
    let none = read(&["-2", "-R", "udp", "-Y", "tcp"]);
    assert!(none.out.is_empty() && none.err.contains("-R 'udp' and -Y 'tcp'"), "{}", none.err);
    // Tables are of what the first pass has left, too.
    let table = read(&["-2", "-R", "udp", "-qz", "conv,tcp"]).out;
    assert_eq!(table.lines().count(), 1, "{table}");
}

#[test]
fn a_long_filter_is_not_repeated_whole() {
    let filter = format!("tcp.port == 9{}", " || tcp.port == 9".repeat(200));
    let run = read(&["-Y", &filter]);
    assert!(
        run.err.contains("nothing matched -Y 'tcp.port == 9 ||") && run.err.contains("...'"),
        "{}",
        run.err
    );
    assert!(run.err.len() < 400, "{}", run.err);
}

#[test]
fn fragments_of_what_is_selected_are_saved_in_two_passes() {
    let order = Order::Little;
    let mut bytes = [order.section(&[]), order.interface(101, 0, &[])].concat();
    let fragment = |id: u8, flags: [u8; 2], payload: &[u8]| {
        let total = 20 + u8::try_from(payload.len()).unwrap();
        let mut packet = vec![0x45, 0, 0, total, 0, id, flags[0], flags[1], 64, 17, 0, 0];
        packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend(payload);
        packet
    };
    // Two datagrams, to ports 9 and 10, in two fragments each, one of the other's between them.
    let first = |port: u8| [&[0, 7, 0, port, 0, 24, 0, 0][..], &[b'x'; 8]].concat();
    for (time, packet) in (1_u64..).zip([
        fragment(1, [0x20, 0], &first(9)),
        fragment(2, [0x20, 0], &first(10)),
        fragment(1, [0, 2], &[b'y'; 8]),
        fragment(2, [0, 2], &[b'y'; 8]),
    ]) {
        bytes.extend(order.enhanced(0, time, &packet, u32::try_from(packet.len()).unwrap(), &[]));
    }
    let (folder, path) = file("fragments.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let saved = folder.path().join("saved.pcapng");
    let saved = saved.to_str().unwrap();
    let ids = |options: &[&str]| {
        let save = run(&[&["read", path, "-Y", "udp.dstport == 9", "-w", saved], options].concat());
        assert_eq!(save.code, Some(0), "{}", save.err);
        run(&["read", saved, "-T", "fields", "-e", "ip.id"]).out
    };
    // As tshark 4.0.17 does.
    assert_eq!(ids(&[]), "0x0001\n");
    assert_eq!(ids(&["-2"]), "0x0001\n0x0001\n");
}

#[test]
fn interfaces_and_times_are_told_as_the_file_has_them() {
    let order = Order::Little;
    let packet = [
        &[0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1][..],
        &[0, 7, 0, 9, 0, 8, 0, 0],
    ]
    .concat();
    let enhanced = |interface, units| order.enhanced(interface, units, &packet, 28, &[]);
    let bytes = [
        order.section(&[]),
        order.interface(101, 0, &[]),
        order.interface(101, 0, &[order.option(2, b"eth9"), order.option(3, b"my desc")].concat()),
        order.interface(101, 0, &[order.option(3, b"only desc"), order.option(9, &[9])].concat()),
        enhanced(0, 5),
        enhanced(1, 6),
        enhanced(2, 7),
        order.section(&[]),
        order.interface(101, 0, &order.option(9, &[3])),
        enhanced(0, 9),
    ]
    .concat();
    let (_folder, path) = file("interfaces.pcapng", &bytes);
    let path = path.to_str().unwrap();
    let fields = |fields: &[&str], options: &[&str]| {
        let named = fields.iter().flat_map(|field| ["-e", field]);
        let base = ["read", path, "-T", "fields", "-E", "separator=|"];
        run(&base.into_iter().chain(named).chain(options.iter().copied()).collect::<Vec<_>>()).out
    };
    // What tshark 4.0.17 prints.
    let interfaces =
        ["frame.section_number", "frame.interface_id", "frame.interface_name", "frame.interface_description"];
    assert_eq!(
        fields(&interfaces, &[]),
        "1|0|unknown|\n1|1|eth9|my desc\n1|2|only desc|only desc\n2|0|unknown|\n"
    );
    let times = |options: &[&str]| fields(&["_ws.col.Time"], options).replace('\n', " ");
    assert_eq!(times(&[]), "0.000000 0.000001 -0.000004993 0.008 ");
    assert_eq!(times(&["-t", "d"]), "0.000000 0.000001 -0.000005993 0.008 ");
    assert_eq!(
        times(&["-t", "ad"]),
        "1970-01-01 00:00:00.000005 1970-01-01 00:00:00.000006 1970-01-01 00:00:00.000000007 \
         1970-01-01 00:00:00.009 "
    );
    assert_eq!(times(&["-t", "e"]), "0.000005 0.000006 0.000000007 0.009 ");
}
