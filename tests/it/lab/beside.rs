//! A client's pings beside a live capture of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use wirelab::flow::PayloadWanted;
use wirelab::lab::{Limits, PingRun, Settings};
use wirelab::lesson::{Losses, PingsBeside};
use wirelab::pipeline::Pipeline;
use wirelab::report::lab::PingTotals;
use wirelab::source::{LiveError, LiveOptions, LiveSource, Next, PacketSource};

use super::ping::{measure, notes_of};
use super::{Running, V4};
use crate::skip::skip;

#[test]
fn the_client_s_clock_and_the_capture_tell_the_same_run() {
    let settings = Settings { seed: 3, pace: 0.5, count: Some(12), ..Settings::default() };
    // Half of the longest delay: some answers are late.
    let settings = Settings { interval: Some(Duration::from_millis(125)), ..settings };
    let server = Running::serving("udp-ping", V4, Limits::default(), &settings);
    let filter = format!("udp port {}", server.address.port());
    let opened = LiveSource::open("lo", &LiveOptions { filter: Some(filter), ..LiveOptions::default() });
    let mut source = match opened {
        Ok(source) => source,
        Err(LiveError::Permission { .. } | LiveError::NoSuchDevice { .. }) => {
            return skip("pings beside a live capture", "this process may not capture on lo");
        }
        Err(error) => panic!("{error}"),
    };
    let done = AtomicBool::new(false);
    let (pipeline, notes) = thread::scope(|scope| {
        let done = &done;
        let capture = scope.spawn(move || {
            let mut pipeline = Pipeline::new(Some(PayloadWanted::for_story(1 << 20)));
            loop {
                let is_over = done.load(Ordering::Relaxed);
                match source.next_packet().unwrap() {
                    Next::Packet(packet, _) => drop(pipeline.step(&packet)),
                    // All that had come when the run was over has been read.
                    Next::Tick if is_over => break,
                    Next::Tick => {}
                    Next::End => panic!("the capture ended"),
                }
            }
            pipeline.finish();
            pipeline
        });
        let (result, notes) = measure("udp-ping", server.address, settings, &["C1024", "Hello Server"]);
        result.unwrap();
        // The kernel hands packets over in blocks, every 10 ms.
        thread::sleep(Duration::from_millis(200));
        done.store(true, Ordering::Relaxed);
        (capture.join().unwrap(), notes)
    });
    let run = PingRun::of(&notes);
    let (_, flow) = pipeline.labs().unwrap().all().next().unwrap();
    let beside = PingsBeside::of(&run, &PingTotals::of(flow));
    assert_eq!((beside.clock.sent, beside.capture.sent), (12, 12));
    assert_eq!(beside.contradictions().count(), 0, "{beside:?}");
    for row in &beside.rows {
        if let Some(difference) = row.difference() {
            // The client stops its watch after the capture has seen the answer, and starts it before.
            assert!(difference.as_nanos() >= 0, "{row:?}");
        }
    }
    assert!(beside.rows.iter().filter(|row| row.difference().is_some()).count() > 5, "{beside:?}");
    let losses = Losses::of(&run, &notes_of(&server));
    assert!(losses.hold() && losses.lost > 0, "{losses:?}");
}
