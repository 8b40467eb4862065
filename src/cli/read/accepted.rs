//! Options of tshark that change nothing where a savefile is read: accepted, so that a command line which has them
//! goes on working.

use clap::Args;

use super::options;
use crate::cli::output::say;

/// What tshark takes and `read` has no use for.
#[derive(Args, Debug)]
pub(super) struct AcceptedArgs {
    /// JSON here never has duplicate keys
    #[arg(long, hide = true)]
    no_duplicate_keys: bool,
    /// Messages of tshark's own
    #[arg(long, value_name = "LEVEL", hide = true)]
    log_level: Option<String>,
    /// The same
    #[arg(long, value_name = "DOMAINS", hide = true)]
    log_domain: Option<String>,
    /// Between the trees of -V, an empty line
    #[arg(short = 'S', value_name = "SEPARATOR", hide = true)]
    separator: Option<String>,
    /// Forgetting what came before every N packets
    #[arg(short = 'M', value_name = "N", hide = true)]
    auto_reset: Option<u32>,
    /// Capturing: most bytes of a packet
    #[arg(short = 's', value_name = "N", hide = true)]
    snaplen: Option<u32>,
    /// Capturing: not promiscuous
    #[arg(short = 'p', hide = true)]
    not_promiscuous: bool,
    /// Capturing: the kernel's buffer
    #[arg(short = 'B', value_name = "MIB", hide = true)]
    buffer: Option<u32>,
    /// Capturing: the link type
    #[arg(short = 'y', value_name = "TYPE", hide = true)]
    link_type: Option<String>,
    /// How a time of day in seconds is told
    #[arg(short = 'u', value_name = "STYLE", value_parser = ["s", "hms"], hide = true)]
    seconds: Option<String>,
    /// Wireshark's settings
    #[arg(short = 'C', value_name = "PROFILE", hide = true)]
    profile: Option<String>,
    /// Keys of Kerberos
    #[arg(short = 'K', value_name = "KEYTAB", hide = true)]
    keytab: Option<String>,
    /// Saving names with the packets
    #[arg(short = 'W', value_name = "OPTION", hide = true)]
    save_names: Option<String>,
    /// Which protocols are dissected
    #[arg(long, value_name = "PROTOCOL", hide = true)]
    enable_protocol: Vec<String>,
    /// The same
    #[arg(long, value_name = "PROTOCOL", hide = true)]
    disable_protocol: Vec<String>,
    /// The same, of those that are told by their content
    #[arg(long, value_name = "NAME", hide = true)]
    enable_heuristic: Vec<String>,
    /// The same
    #[arg(long, value_name = "NAME", hide = true)]
    disable_heuristic: Vec<String>,
    /// Only some protocols with -T json
    #[arg(short = 'j', value_name = "PROTOCOLS", value_parser = options::only_in_tshark, hide = true)]
    _top_protocols: Option<String>,
    /// The same
    #[arg(short = 'J', value_name = "PROTOCOLS", value_parser = options::only_in_tshark, hide = true)]
    _protocols: Option<String>,
}

impl AcceptedArgs {
    /// Says which of them would have changed what tshark prints, and change nothing here.
    pub(super) fn tell(&self) {
        let without_effect = [
            ("-S", self.separator.is_some()),
            ("-M", self.auto_reset.is_some()),
            ("-u", self.seconds.as_deref() == Some("hms")),
            ("-C", self.profile.is_some()),
            ("-K", self.keytab.is_some()),
            ("-W", self.save_names.is_some()),
            ("--disable-protocol", !self.disable_protocol.is_empty()),
            ("--enable-protocol", !self.enable_protocol.is_empty()),
            ("--disable-heuristic", !self.disable_heuristic.is_empty()),
            ("--enable-heuristic", !self.enable_heuristic.is_empty()),
        ];
        for (option, _) in without_effect.iter().filter(|(_, given)| *given) {
            say(format_args!("warning: {option} has no effect here"));
        }
    }
}
