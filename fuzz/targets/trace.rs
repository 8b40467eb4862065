//! A resolution among servers that answer anything: it ends within its budgets, and whatever is told of it, its signatures
//! too, is safe to show.
//!
//! Each query takes what it gets from the bytes: a byte that says how many messages arrive (up to three) and whether the
//! transport fails, then for each message a byte, its length in two bytes, low one first, and that many bytes. By the lowest bit of
//! a message's byte its id and question are made to fit the query, by the next it comes from another server.

#![no_main]

use std::collections::VecDeque;
use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use wirelab::dnstrace::dnssec::{Anchor, check};
use wirelab::dnstrace::{
    Asked, DnsTrace, DnsTransport, Domain, Family, NoReply, Over, TraceOptions, resolve_with_keys,
};
use wirelab::render::color::Colors;
use wirelab::render::trace::{
    Checked, TraceStyle, write_checked_trace, write_trace_dig, write_trace_json, write_trace_ladder,
};
use wirelab::time::TimeDelta;
use wirelab_fuzz::{Script, is_json, is_safe};

/// Most queries: each may read a whole input.
const MAX_QUERIES: u32 = 24;

/// Bytes of a message's header.
const HEADER: usize = 12;

const MILLISECOND: i128 = 1_000_000;

struct Hostile<'a> {
    script: Script<'a>,
    arriving: VecDeque<(SocketAddr, Vec<u8>)>,
    clock: i128,
}

impl DnsTransport for Hostile<'_> {
    fn now(&mut self) -> TimeDelta {
        TimeDelta::from_nanos(self.clock)
    }

    fn send(&mut self, server: SocketAddr, query: &[u8], _: Over, _: TimeDelta) -> Result<(), NoReply> {
        self.arriving.clear();
        let how = self.script.byte().unwrap_or(0);
        if how & 0x80 != 0 {
            return Err(NoReply::Unreachable("\u{1b}[2J".to_owned()));
        }
        for _ in 0..how % 4 {
            let Some(kind) = self.script.byte() else { break };
            let length = usize::from(self.script.word().unwrap_or(0));
            let mut bytes = self.script.take(length).to_vec();
            if kind & 1 != 0 && bytes.len() >= HEADER {
                // The question as it was asked, without what EDNS adds.
                let end = query.len().saturating_sub(11);
                bytes[..2].copy_from_slice(&query[..2]);
                bytes[2] = bytes[2] & 0x87 | 0x80;
                bytes[4..6].copy_from_slice(&[0, 1]);
                bytes.splice(HEADER..HEADER, query[HEADER..end].iter().copied());
            }
            let from = if kind & 2 == 0 { server } else { SocketAddr::from(([127, 66, 0, 1], 53)) };
            self.arriving.push_back((from, bytes));
        }
        Ok(())
    }

    fn receive(&mut self, until: TimeDelta) -> Result<(SocketAddr, Vec<u8>), NoReply> {
        self.clock += MILLISECOND;
        self.arriving.pop_front().ok_or_else(|| {
            self.clock = self.clock.max(until.as_nanos());
            NoReply::TimeOut
        })
    }
}

fn sent(trace: &DnsTrace) -> u32 {
    let nested = trace.steps.iter().flat_map(|step| &step.nested).chain(&trace.fruitless);
    trace.steps.iter().map(|step| step.sent).sum::<u32>() + nested.map(sent).sum::<u32>()
}

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let like_dig = script.byte().unwrap_or(0) & 1 != 0;
    let options = TraceOptions {
        roots: vec![SocketAddr::from(([127, 53, 0, 1], 53))],
        port: 53,
        family: Family::Any,
        seed: 1,
        wait: TimeDelta::from_nanos(1_000 * MILLISECOND),
        tries: 2,
        max_queries: MAX_QUERIES,
        max_time: TimeDelta::from_nanos(20_000 * MILLISECOND),
        max_depth: 4,
        like_dig,
    };
    let asked = Asked { name: Domain::parse("www.nyu.edu").unwrap(), kind: 1 };
    let mut transport = Hostile { script, arriving: VecDeque::new(), clock: 0 };
    let (trace, keys) = resolve_with_keys(&mut transport, &asked, &options);
    let all = sent(&trace) + keys.iter().map(|step| step.sent).sum::<u32>();
    assert!(all <= MAX_QUERIES, "{all} queries");
    assert!(transport.clock <= options.max_time.as_nanos() + options.wait.as_nanos());
    let chain = check(&trace, &keys, &Anchor::of_root(), 1_800_000_000);
    let checked = Checked { keys: &keys, chain: &chain };
    let mut out = Vec::new();
    let style = TraceStyle { colors: Colors::OFF, width: 80 };
    write_checked_trace(&mut out, &trace, checked, style).unwrap();
    write_trace_ladder(&mut out, &trace).unwrap();
    write_trace_dig(&mut out, &trace).unwrap();
    // dig's columns are tabs.
    out.iter_mut().filter(|byte| **byte == b'\t').for_each(|byte| *byte = b' ');
    is_safe(&out);
    let mut json = Vec::new();
    write_trace_json(&mut json, &trace, Some(checked)).unwrap();
    is_json(&json);
});
