//! `-o`: Wireshark's preferences, those that change something here and those that are known to change nothing.

use crate::cli::output::{Failure, say};
use crate::pipeline::PipelineOptions;
use crate::suggest::nearest;

/// What a choice of Wireshark's does here.
enum Effect {
    /// Turned on and off.
    Sets(fn(&mut PipelineOptions, bool)),
    /// Both are the same to what is decoded so far.
    None,
    /// Only on: what it would turn off is always done.
    Always,
    /// Only off: what it would turn on is never done.
    Never,
}

/// The choices of Wireshark's that are known here.
static PREFERENCES: &[(&str, Effect)] = &[
    ("ip.check_checksum", Effect::Sets(|options, on| options.preferences.check_ip_checksum = on)),
    ("ip.decode_tos_as_diffserv", Effect::Always),
    ("ip.defragment", Effect::Sets(|options, on| options.defragment = on)),
    ("ip.security_flag", Effect::Never),
    ("ip.summary_in_tree", Effect::None),
    ("ip.try_heuristic_first", Effect::None),
    ("ip.tso_support", Effect::Always),
    ("ip.use_geoip", Effect::None),
    ("tcp.analyze_sequence_numbers", Effect::Always),
    ("tcp.bif_seq_based", Effect::Never),
    ("tcp.calculate_timestamps", Effect::Always),
    ("tcp.check_checksum", Effect::Sets(|options, on| options.preferences.check_tcp_checksum = on)),
    ("tcp.desegment_tcp_streams", Effect::None),
    ("tcp.fastrt_supersedes_ooo", Effect::Always),
    ("tcp.ignore_tcp_timestamps", Effect::Never),
    ("tcp.no_subdissector_on_error", Effect::None),
    ("tcp.read_seq_as_syn_cookie", Effect::Never),
    ("tcp.reassemble_out_of_order", Effect::None),
    (
        "tcp.relative_sequence_numbers",
        Effect::Sets(|options, on| options.preferences.relative_sequence_numbers = on),
    ),
    ("tcp.summary_in_tree", Effect::None),
    ("tcp.track_bytes_in_flight", Effect::Always),
    ("tcp.try_heuristic_first", Effect::None),
    ("udp.calculate_timestamps", Effect::Always),
    ("udp.check_checksum", Effect::Sets(|options, on| options.preferences.check_udp_checksum = on)),
    ("udp.ignore_ipv6_zero_checksum", Effect::Never),
    ("udp.process_info", Effect::Never),
    ("udp.summary_in_tree", Effect::None),
    ("udp.try_heuristic_first", Effect::None),
];

/// Obeys every `-o NAME:VALUE`.
pub(super) fn prefer(options: &mut PipelineOptions, given: &[String]) -> Result<(), Failure> {
    given.iter().try_for_each(|text| prefer_one(options, text))
}

fn prefer_one(options: &mut PipelineOptions, text: &str) -> Result<(), Failure> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(Failure::new(format_args!("-o {text} has no value"))
            .hint("write NAME:VALUE, as in -o tcp.relative_sequence_numbers:FALSE"));
    };
    let (name, value) = (name.trim(), value.trim());
    let Some((_, effect)) = PREFERENCES.iter().find(|(known, _)| *known == name) else {
        return other_preference(name);
    };
    let on = match value.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        // A number or a word of Wireshark's for a choice that changes nothing here.
        _ if !matches!(effect, Effect::Sets(_)) => return without_effect(name),
        _ => {
            return Err(Failure::new(format_args!("{name} is TRUE or FALSE, not \"{value}\""))
                .hint(format_args!("write -o {name}:TRUE or -o {name}:FALSE")));
        }
    };
    match effect {
        Effect::Sets(set) => set(options, on),
        Effect::Always if !on => return without_effect(name),
        Effect::Never if on => return without_effect(name),
        Effect::None | Effect::Always | Effect::Never => {}
    }
    Ok(())
}

fn without_effect(name: &str) -> Result<(), Failure> {
    say(format_args!("warning: -o {name} has no effect here"));
    Ok(())
}

/// A preference that is not in the list: of a protocol whose preferences are all there, a mistake; of another one, or
/// of Wireshark itself, none that changes anything here.
fn other_preference(name: &str) -> Result<(), Failure> {
    let names = || PREFERENCES.iter().map(|(name, _)| *name);
    let group = name.split_once('.').map_or("", |(group, _)| group);
    let well_formed = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let listed = names().any(|known| known.split_once('.').is_some_and(|(protocol, _)| protocol == group));
    if well_formed && !group.is_empty() && !name.ends_with('.') && !listed {
        return without_effect(name);
    }
    let failure = Failure::new(format_args!("there is no preference {name}"));
    Err(match nearest(name, names()).join(" or ").as_str() {
        "" => failure.hint(
            "preferences have Wireshark's names, such as ip.defragment or tcp.relative_sequence_numbers",
        ),
        near => failure.hint(format_args!("did you mean {near}?")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_reach_what_they_are_for() {
        let options = |given: &[&str]| {
            let mut options = PipelineOptions::default();
            prefer(&mut options, &given.iter().map(ToString::to_string).collect::<Vec<_>>()).map(|()| options)
        };
        let all = options(&[
            "tcp.relative_sequence_numbers:FALSE",
            "tcp.check_checksum: TRUE",
            "udp.check_checksum:true",
            "ip.check_checksum:True",
            "ip.defragment:false",
            "tcp.desegment_tcp_streams:FALSE",
        ])
        .unwrap();
        let preferences = all.preferences;
        assert!(!preferences.relative_sequence_numbers && !all.defragment);
        assert!(
            preferences.check_tcp_checksum && preferences.check_udp_checksum && preferences.check_ip_checksum
        );
        let off = options(&["tcp.check_checksum:TRUE", "tcp.check_checksum:FALSE"]).unwrap();
        assert_eq!(off, PipelineOptions::default(), "the last one counts");
        assert!(options(&["tcp.analyze_sequence_numbers:TRUE"]).is_ok());
        let same = Ok(PipelineOptions::default());
        let without_effect = [
            "tcp.analyze_sequence_numbers:FALSE",
            "tcp.calculate_timestamps:TRUE",
            "ipv6.defragment:FALSE",
            "http.tcp.port:80",
            "gui.column.format:\"a\",\"%t\"",
        ];
        for given in without_effect {
            assert_eq!(options(&[given]).map_err(|failure| failure.to_string()), same, "{given}");
        }
        for (given, hint) in [
            ("tcp.check_checksums:TRUE", "did you mean tcp.check_checksum?"),
            ("tcp.nosuch:TRUE", "preferences have"),
            ("nosuch:TRUE", "preferences have"),
            ("no such.one:TRUE", "preferences have"),
            ("ip.defragment:xyz", "write -o ip.defragment:TRUE"),
            ("ip.defragment", "write NAME:VALUE"),
            (":TRUE", "preferences have"),
        ] {
            let told = options(&[given]).unwrap_err().to_string();
            assert!(told.contains(hint), "{given}: {told}");
        }
    }
}
