//! `dns`, and DNS in `explain`: each outcome, pairing, repeats, what goes on where, and hostile messages.

#[path = "dns/beside.rs"]
mod beside;
#[path = "dns/build.rs"]
mod build;
#[path = "dns/learnt.rs"]
mod learnt;
#[path = "dns/outcomes.rs"]
mod outcomes;
#[path = "dns/shown.rs"]
mod shown;
#[path = "dns/trace.rs"]
mod trace;

use build::Capture;
use serde_json::Value;

use crate::program::wirelab;

/// What a run prints: exit status, standard output, standard error.
fn run(capture: &Capture, args: &[&str]) -> (Option<i32>, String, String) {
    let (folder, name) = capture.file();
    let all = [&args[..1], &[name], &args[1..]].concat();
    let output = wirelab(&all).current_dir(folder.path()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What is printed by a run that ends well.
fn printed(capture: &Capture, args: &[&str]) -> String {
    let (code, out, err) = run(capture, args);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    out
}

/// The transactions as JSON.
fn transactions(capture: &Capture) -> Vec<Value> {
    let document: Value = serde_json::from_str(&printed(capture, &["dns", "--json"])).unwrap();
    assert_eq!(document["schema"], "wirelab.dns/1");
    document["transactions"].as_array().unwrap().clone()
}
