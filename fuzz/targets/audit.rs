//! A conversation (`wirelab_fuzz::conversation` says how it is written), watched for whether it is readable and for secrets.
//! The last bytes of each packet are cut by the capture where the first byte says so.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wirelab::flow::PacketStamp;
use wirelab::pipeline::Pipeline;
use wirelab::render::audit::{AuditDocument, AuditOptions, AuditRow, write_audit};
use wirelab::render::color::Colors;
use wirelab::render::table::TableOutput;
use wirelab::report::audit::{Audit, MAX_SECRET_BYTES, MAX_SECRETS};
use wirelab::source::{CapturedPacket, LinkType};
use wirelab_fuzz::{conversation, is_json, is_safe};

fuzz_target!(|data: &[u8]| {
    let missing = u32::from(data.first().is_some_and(|first| first & 0x40 != 0));
    let mut pipeline = Pipeline::new(None);
    let mut audit = Audit::default();
    for (frame, number) in conversation(data).iter().zip(1..) {
        let wire_len = u32::try_from(frame.len()).unwrap() + missing;
        let packet =
            CapturedPacket { number, ts: None, wire_len, interface: 0, link: LinkType::RAW, data: frame };
        let step = pipeline.step(&packet);
        audit.observe(PacketStamp { number, ts: None }, &step.decoded, step.verdicts);
    }
    pipeline.finish();
    audit.finish();
    let flows = pipeline.flows().flows().iter().enumerate();
    let rows: Vec<AuditRow<'_>> = flows
        .map(|(place, flow)| {
            let spoken = pipeline.analyzers().and_then(|analyzers| analyzers.protocol_of(place));
            AuditRow { flow, audit: audit.take_flow(place, flow, spoken) }
        })
        .collect();
    for AuditRow { audit, .. } in &rows {
        assert!(audit.secrets.len() <= MAX_SECRETS);
        assert!(audit.secrets.iter().all(|secret| secret.value.len() <= MAX_SECRET_BYTES));
        for side in [&audit.orig, &audit.resp] {
            assert_eq!(side.bytes > 0, side.verdict.is_some(), "{side:?}");
            assert!(side.readable.is_none_or(|share| (0.0..=1.0).contains(&share)), "{side:?}");
        }
    }
    let output = TableOutput { width: Some(100), colors: Colors::OFF };
    for (long, show_secrets) in [(false, false), (true, false), (true, true)] {
        let mut out = Vec::new();
        write_audit(&mut out, AuditOptions { output, long, show_secrets }, &rows).unwrap();
        is_safe(&out);
        out.clear();
        AuditDocument::of_flows(&rows, show_secrets).write(&mut out).unwrap();
        is_json(&out);
    }
});
