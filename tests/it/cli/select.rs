//! Display filters in every verb: what they show, how they may be typed, and what is said of mistakes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{KNOCK, Run, run};
use crate::program::{captures_folder, wirelab};

/// The packet numbers that `read` shows.
fn numbers(args: &[&str]) -> Vec<u64> {
    let run = run(&[&["read"], args, &["-Tfields", "-eframe.number"]].concat());
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{args:?}");
    run.out.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn a_filter_chooses_packets_however_it_is_typed() {
    let wanted = [4, 6];
    assert_eq!(numbers(&[KNOCK, "-Y", "tcp.len > 0"]), wanted);
    assert_eq!(numbers(&[KNOCK, "-Ytcp.len>0"]), wanted);
    assert_eq!(numbers(&[KNOCK, "--filter", "tcp.len > 0"]), wanted);
    assert_eq!(numbers(&[KNOCK, "tcp.len > 0"]), wanted, "behind the file");
    assert_eq!(numbers(&[KNOCK, "tcp.len", ">", "0"]), wanted, "in words");
    assert_eq!(numbers(&["-nr", KNOCK, "tcp.len > 0"]), wanted, "as tshark takes it");
    assert_eq!(numbers(&["-r", KNOCK, "tcp.len", ">", "0"]), wanted);
    assert_eq!(numbers(&[KNOCK, "-Y", " "]).len(), 10, "an empty filter is none");
    assert_eq!(numbers(&[KNOCK, "-2", "-Y", "tcp.len > 0"]), wanted);
}

#[test]
fn a_filter_selects_after_the_analysis() {
    let shown = run(&["read", KNOCK, "-Y", "tcp.len > 0"]).out;
    let all = run(&["read", KNOCK]).out;
    let wanted: Vec<&str> = all.lines().filter(|line| !line.contains(" len 0 ")).collect();
    assert_eq!(shown.lines().collect::<Vec<_>>(), wanted, "sequence numbers are those of the whole capture");
}

#[test]
fn c_counts_what_is_read_and_not_what_is_shown() {
    assert_eq!(numbers(&[KNOCK, "-Y", "tcp.len > 0", "-c", "5"]), [4]);
}

#[test]
fn the_time_since_the_packet_shown_before_knows_what_was_shown() {
    let rows = run(&["read", KNOCK, "-Y", "tcp.len > 0", "-Tfields", "-eframe.number", "-t", "dd"]);
    assert_eq!(rows.code, Some(0));
    let lines = run(&["read", KNOCK, "-Y", "tcp.len > 0", "-t", "dd"]).out;
    let times: Vec<&str> = lines.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    // Of tshark 4.0.17: packets 4 and 6 are 0.000175031 and 0.000397012 after the first.
    assert_eq!(times, ["0.000000000", "0.000221981"]);
}

#[test]
fn a_flow_is_shown_for_one_of_its_packets() {
    for (verb, sign) in [("flows", "43389"), ("explain", "Knock knock")] {
        let shown = run(&[verb, KNOCK, "-Y", "frame.number == 4"]);
        assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""), "{verb}");
        assert!(shown.out.contains(sign), "{verb}: {}", shown.out);
        let none = run(&[verb, KNOCK, "-Y", "udp"]);
        assert_eq!(none.code, Some(1), "{verb}");
        assert!(!none.out.contains(sign), "{verb}: {}", none.out);
        assert_eq!(
            none.err, "nothing matched -Y 'udp'; knock.pcapng holds 10 packets: tcp on port 43389\n",
            "{verb}"
        );
    }
    let replayed = run(&["replay", KNOCK, "--speed", "0", "-Y", "tcp.len > 0"]);
    assert_eq!(replayed.out, run(&["read", KNOCK, "-Y", "tcp.len > 0"]).out);
}

#[test]
fn the_filter_of_a_table_is_its_own() {
    // As in tshark, -Y chooses the packets that are printed, and the table's own filter what it counts.
    let rows = |args: &[&str]| run(&[&["read", KNOCK], args].concat()).out.lines().count();
    assert_eq!(rows(&["-qz", "conv,tcp", "-Y", "udp"]), 2);
    assert_eq!(rows(&["-qz", "conv,tcp,udp"]), 1);
    assert_eq!(rows(&["-qz", "conv,tcp,frame.number in {1,2}"]), 2);
}

#[test]
fn a_mistake_is_shown_in_its_place() {
    for verb in ["read", "explain", "flows", "replay"] {
        let wrong = run(&[verb, KNOCK, "-Y", "tcp.scrport == 80"]);
        assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{verb}");
        assert!(wrong.err.starts_with("error: "), "{verb}: {}", wrong.err);
        assert!(
            wrong.err.contains("tcp.scrport == 80\n") && wrong.err.contains('^'),
            "{verb}: {}",
            wrong.err
        );
        assert!(wrong.err.contains("tcp.srcport"), "{verb}: {}", wrong.err);
    }
}

#[test]
fn a_second_file_is_not_silently_a_filter() {
    let two = run(&["read", KNOCK, "refused.pcapng"]);
    assert_eq!((two.code, two.out.as_str()), (Some(2), ""));
    assert!(two.err.contains("one file is read at a time"), "{}", two.err);
}

#[test]
fn bytes_that_are_no_text_are_no_filter() {
    let broken = OsStr::from_bytes(b"tcp.port == \xff");
    for args in [&["-Y"][..], &[]] {
        let mut program = wirelab(&["read", KNOCK]);
        let run: Run = program.args(args).arg(broken).current_dir(captures_folder()).output().unwrap().into();
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
        assert!(run.err.starts_with("error: the display filter is not UTF-8 text\nhint: "), "{}", run.err);
    }
}

#[test]
fn flows_shows_one_flow() {
    let one = run(&["flows", KNOCK, "--stream", "tcp:0"]);
    assert_eq!((one.code, one.out), (Some(0), run(&["flows", KNOCK]).out));
    let other = run(&["flows", KNOCK, "--stream", "tcp:1"]);
    let said = "there is no flow tcp:1; there is tcp:0; `wirelab flows` lists them\n";
    assert_eq!((other.code, other.out.as_str(), other.err.as_str()), (Some(1), "", said));
    let json: serde_json::Value =
        serde_json::from_str(&run(&["flows", KNOCK, "--stream", "udp:0", "--json"]).out).unwrap();
    assert_eq!(json["flows"], serde_json::json!([]));
}
