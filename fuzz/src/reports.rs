//! Packets on their way into every report, written in every form: text never controls a terminal, JSON is always JSON.

use wirelab::decode::DecodedPacket;
use wirelab::dnstrace::rebuild;
use wirelab::field::{FieldId, FieldSet};
use wirelab::flow::{Direction, PacketStamp, PayloadWanted};
use wirelab::pipeline::{Pipeline, PipelineOptions, Step};
use wirelab::proto::{AnalyzerOptions, Messages};
use wirelab::render::audit::{AuditDocument, AuditOptions, AuditRow, write_audit};
use wirelab::render::color::Colors;
use wirelab::render::columns::Column;
use wirelab::render::dns::{DnsOptions, write_dns, write_dns_json, write_dns_short, write_dns_summary};
use wirelab::render::fields::{FieldStyle, FieldTable};
use wirelab::render::flows::write_flows;
use wirelab::render::follow::{self, FollowOptions};
use wirelab::render::hex::PacketHex;
use wirelab::render::http::{HttpOptions, write_exchanges, write_http_json, write_short};
use wirelab::render::json::{EkJson, PacketsJson, TsharkJson, write_flows_json, write_stream_json};
use wirelab::render::line::{LineContext, PacketLines};
use wirelab::render::numbers::write_numbers;
use wirelab::render::stats::{StatsOf, write_stats, write_stats_json};
use wirelab::render::table::TableOutput;
use wirelab::render::trace::{
    TraceStyle, write_rebuilt, write_rebuilt_json, write_rebuilt_ladders, write_trace_dig,
};
use wirelab::render::tree::PacketDetails;
use wirelab::report::audit::Audit;
use wirelab::report::dns::{DnsCollector, DnsSummary};
use wirelab::report::http::{BodyFound, Exchanges, FileNames, safe_name};
use wirelab::report::stats::{CaptureStats, Intervals};
use wirelab::source::{CaptureFacts, CapturedPacket, Interface};

use crate::{Stories, is_json, is_safe};

/// Columns of the terminal that is written to.
const WIDTH: usize = 100;

/// Every report on a capture.
pub struct Reports {
    pipeline: Pipeline,
    lines: PacketLines,
    details: PacketDetails,
    hex: PacketHex,
    table: FieldTable,
    json: PacketsJson,
    tshark: TsharkJson,
    ek: EkJson,
    stats: CaptureStats,
    dns: DnsCollector,
    http: Exchanges,
    names: FileNames,
    audit: Audit,
    stories: Stories,
    text: Vec<u8>,
    documents: [Vec<u8>; 2],
}

impl Reports {
    /// Nothing yet. What is kept of payload is for a story, or whole, to be followed.
    pub fn new(whole: bool) -> Self {
        let payload = if whole { PayloadWanted::to_follow(None) } else { PayloadWanted::for_story(4096) };
        let options = PipelineOptions {
            payload: Some(payload),
            analyzers: Some(AnalyzerOptions { bodies: true }),
            ..PipelineOptions::default()
        };
        let style = FieldStyle { to_terminal: true, ..FieldStyle::default() };
        Self {
            pipeline: Pipeline::with(options),
            lines: PacketLines::new(Some(WIDTH), Colors::OFF),
            details: PacketDetails::new(Some(WIDTH), Colors::OFF),
            hex: PacketHex::new(Some(WIDTH), Colors::OFF),
            table: FieldTable::new(FieldId::all().map(Column::Field), style),
            json: PacketsJson::with_fields(FieldSet::all()),
            tshark: TsharkJson::new(Vec::new()),
            ek: EkJson::new(Vec::new()),
            stats: CaptureStats::new(Intervals::default()),
            dns: DnsCollector::default(),
            http: Exchanges::new(),
            names: FileNames::default(),
            audit: Audit::default(),
            stories: Stories::default(),
            text: Vec::new(),
            documents: [Vec::new(), Vec::new()],
        }
    }

    /// Takes a packet.
    pub fn packet(&mut self, packet: &CapturedPacket<'_>, interfaces: &[Interface]) {
        let step = self.pipeline.step(packet);
        let context = step.context(interfaces);
        let Step { decoded, verdicts, messages, .. } = &step;
        let line = LineContext { relative: step.relative(), verdicts, messages: Some(messages) };
        let (text, [json, tshark]) = (&mut self.text, &mut self.documents);
        text.clear();
        self.lines.write(text, packet, decoded, &line).unwrap();
        self.details.write(text, packet, decoded, &context).unwrap();
        self.hex.write(text, packet, decoded, &context).unwrap();
        is_safe(text);
        text.clear();
        self.table.row(text, packet, decoded, &context).unwrap();
        // What stands between columns is a tab.
        text.retain(|byte| *byte != b'\t');
        is_safe(text);
        text.clear();
        self.ek.write(text, packet, decoded, &context).unwrap();
        text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).for_each(is_json);
        self.json.write_with_fields(json, packet, decoded, &line, &context).unwrap();
        self.tshark.write(tshark, packet, decoded, &context).unwrap();
        self.stats.count(packet, decoded, &context, step.relative());
        self.dns.take(decoded, verdicts, messages, true);
        let names = &mut self.names;
        self.http.packet(decoded, messages, true, &mut |body| named(names, body));
        self.audit.observe(PacketStamp { number: packet.number, ts: packet.ts }, decoded, verdicts);
        self.stories.packet(&step);
    }

    /// Ends the capture, and tells of all of it.
    pub fn finish(mut self, facts: &CaptureFacts, interfaces: &[Interface]) {
        let [mut json, mut tshark] = std::mem::take(&mut self.documents);
        std::mem::take(&mut self.json).finish(&mut json).unwrap();
        std::mem::replace(&mut self.tshark, TsharkJson::new(Vec::new())).finish(&mut tshark).unwrap();
        is_json(&json);
        is_json(&tshark);
        let (http, names) = (&mut self.http, &mut self.names);
        std::mem::take(&mut self.stories).finish(&mut self.pipeline, &mut |messages: &Messages| {
            let _ = DecodedPacket::of_joined(messages.joined());
            http.unfinished(messages, &mut |body| named(names, body));
        });
        self.audit.finish();
        let of = StatsOf { name: "fuzz", facts, interfaces, stats: &self.stats };
        for width in [None, Some(WIDTH), Some(40)] {
            let output = TableOutput { width, colors: Colors::OFF };
            let out = &mut self.text;
            out.clear();
            write_stats(out, output, &of, 10).unwrap();
            write_flows(out, output, &self.pipeline.told(|_, _| true)).unwrap();
        }
        is_safe(&self.text);
        document(|out| write_stats_json(out, &of).unwrap());
        self.flows();
        self.audited();
        self.transactions();
    }

    /// The flows' numbers, and what they said.
    fn flows(&mut self) {
        let told = self.pipeline.told(|_, _| true);
        let out = &mut self.text;
        out.clear();
        write_numbers(out, TableOutput { width: Some(WIDTH), colors: Colors::OFF }, &told).unwrap();
        for flow in told.iter().map(|told| told.flow) {
            for (hex, only) in [(false, None), (true, Some(Direction::OrigToResp))] {
                let options = FollowOptions { colors: Colors::OFF, width: Some(WIDTH), hex, only };
                follow::stream(out, flow, &options).unwrap();
            }
            follow::raw(&mut Vec::new(), flow, None).unwrap();
            document(|out| write_stream_json(out, flow, None).unwrap());
        }
        is_safe(out);
        document(|out| write_flows_json(out, &told).unwrap());
    }

    /// Which flow is readable.
    fn audited(&mut self) {
        let flows = self.pipeline.flows().flows().iter().enumerate();
        let rows: Vec<AuditRow<'_>> = flows
            .map(|(place, flow)| {
                let spoken = self.pipeline.analyzers().and_then(|analyzers| analyzers.protocol_of(place));
                AuditRow { flow, audit: self.audit.take_flow(place, flow, spoken) }
            })
            .collect();
        let out = &mut self.text;
        out.clear();
        for show_secrets in [false, true] {
            for long in [false, true] {
                let output = TableOutput { width: Some(WIDTH), colors: Colors::OFF };
                write_audit(out, AuditOptions { output, long, show_secrets }, &rows).unwrap();
            }
            document(|out| AuditDocument::of_flows(&rows, show_secrets).write(out).unwrap());
        }
        is_safe(out);
    }

    /// What was asked by DNS and HTTP.
    fn transactions(self) {
        let mut out = self.text;
        out.clear();
        let output = TableOutput { width: Some(WIDTH), colors: Colors::OFF };
        let dns = self.dns.finish(self.pipeline.flows(), |_, _| true);
        let shown: Vec<_> = dns.selected().collect();
        let summary = DnsSummary::of(shown.iter().copied());
        let options = DnsOptions { colors: Colors::OFF, width: 80, queries: true };
        write_dns(&mut out, shown.iter().copied(), &dns.all, options).unwrap();
        write_dns_short(&mut out, output, &shown).unwrap();
        write_dns_summary(&mut out, &summary, options).unwrap();
        document(|out| write_dns_json(out, &shown, &dns.all, &summary).unwrap());
        let rebuilt = rebuild(&dns.all);
        let (traces, cached): (Vec<_>, Vec<_>) =
            (rebuilt.traces.iter().collect(), rebuilt.cached.iter().collect());
        let style = TraceStyle { colors: Colors::OFF, width: 80 };
        let mut steps = Vec::new();
        write_rebuilt(&mut steps, &traces, &cached, style).unwrap();
        write_rebuilt_ladders(&mut steps, &traces, &cached, style).unwrap();
        traces.iter().for_each(|one| write_trace_dig(&mut steps, &one.trace).unwrap());
        // What stands between columns is a tab.
        steps.retain(|byte| *byte != b'\t');
        is_safe(&steps);
        document(|out| write_rebuilt_json(out, &traces, &cached).unwrap());
        let http = self.http.finish(self.pipeline.flows(), |_, _| true);
        for secrets in [false, true] {
            let options = HttpOptions { colors: Colors::OFF, width: 80, secrets, first: None };
            write_exchanges(&mut out, &http, options).unwrap();
            write_short(&mut out, output, &http, secrets).unwrap();
            document(|out| write_http_json(out, &http, 0, None, secrets).unwrap());
        }
        is_safe(&out);
    }
}

fn document(write: impl FnOnce(&mut Vec<u8>)) {
    let mut out = Vec::new();
    write(&mut out);
    is_json(&out);
}

/// The name under which a body would be kept: one of a file in a folder.
fn named(names: &mut FileNames, body: &BodyFound<'_>) {
    let name = names.next(&safe_name(body.request, body.media_type));
    assert!(!name.is_empty() && name != "." && name != "..", "{name:?}");
    assert!(!name.contains(['/', '\\', '\0']), "{name:?}");
    is_safe(name.as_bytes());
}
