//! Packet filters in libpcap's language (`tcp port 80 and not host 127.0.0.1`), for packets from any source.
//!
//! libpcap compiles the expression, once per link type; [`program`] runs it. Running it ourselves is needed
//! because the library's own call is told only the captured bytes, so that `len` and `greater` would be wrong
//! on packets cut by a snaplen.

#[cfg(feature = "live")]
mod family;
#[cfg(feature = "live")]
mod hint;
#[cfg(feature = "live")]
mod names;
#[cfg(feature = "live")]
mod program;

use super::{CapturedPacket, LinkType};

/// Most link types that one expression is compiled for. A pcapng file names a handful; a hostile one could
/// name all 65,536 and have each compiled.
pub const MAX_LINK_TYPES: usize = 64;

/// Why an expression cannot filter packets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BpfError {
    /// libpcap does not understand the expression, or not on this link type.
    #[error("filter \"{expression}\": {message}{}", .hint.as_deref().map(|h| format!("\nhint: {h}")).unwrap_or_default())]
    Refused {
        /// The expression as given.
        expression: String,
        /// libpcap's message.
        message: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// The expression asks for something that only a live capture knows, such as the direction of a packet.
    #[error(
        "filter \"{expression}\": it asks for what is not in the packet's bytes, which only a live capture knows"
    )]
    LiveOnly {
        /// The expression as given.
        expression: String,
    },
    /// The expression has a word that libpcap may look up as a host or network name, which sends packets, and
    /// `WIRELAB_LOCAL_ONLY` forbids that.
    #[error(
        "filter \"{expression}\": \"{name}\" is no word of libpcap's; as a name it would be looked up on the network, which WIRELAB_LOCAL_ONLY forbids\nhint: for a host use its address, as in `host 192.0.2.1`"
    )]
    NameLookup {
        /// The expression as given.
        expression: String,
        /// The word.
        name: String,
    },
    /// More than [`MAX_LINK_TYPES`] link types in one capture.
    #[error("filter \"{expression}\": the capture has more than {MAX_LINK_TYPES} link types")]
    TooManyLinkTypes {
        /// The expression as given.
        expression: String,
    },
    /// This build has no libpcap, which is what compiles filters.
    #[error(
        "filter \"{expression}\": this wirelab was built without libpcap (feature `live`), which compiles filters"
    )]
    NotBuilt {
        /// The expression as given.
        expression: String,
    },
}

impl BpfError {
    /// libpcap's refusal of `expression`, with a hint where it looks like another language.
    #[cfg(feature = "live")]
    pub(super) fn refused(expression: &str, error: &pcap::Error) -> Self {
        let message = match error {
            pcap::Error::PcapError(message) => message.clone(),
            pcap::Error::InvalidInputString => "it contains a zero byte".to_owned(),
            other => other.to_string(),
        };
        let hint = hint::for_expression(expression).or_else(|| hint::for_refusal(&message));
        Self::Refused { expression: expression.to_owned(), message, hint }
    }
}

/// Whether libpcap may see `expression`: compiling one with a name in it sends packets.
///
/// # Errors
/// [`BpfError::NameLookup`] where it has one and `WIRELAB_LOCAL_ONLY` is set.
#[cfg(feature = "live")]
pub(super) fn may_be_compiled(expression: &str) -> Result<(), BpfError> {
    let Some(name) = names::first_to_look_up(expression).filter(|_| crate::local_only::is_set()) else {
        return Ok(());
    };
    let expression = expression.to_owned();
    if hint::is_of_display_filters(name) {
        let message = format!("libpcap does not know the word {name}");
        let hint = hint::for_expression(&expression);
        return Err(BpfError::Refused { expression, message, hint });
    }
    Err(BpfError::NameLookup { expression, name: name.to_owned() })
}

/// An expression compiled for one link type.
#[derive(Clone, Debug)]
pub struct BpfFilter {
    #[cfg(feature = "live")]
    program: program::Program,
    #[cfg(feature = "live")]
    link: LinkType,
    /// Without libpcap no filter can be made.
    #[cfg(not(feature = "live"))]
    never: std::convert::Infallible,
}

impl BpfFilter {
    /// Compiles `expression` for packets that start with a header of type `link`. The empty expression
    /// passes everything. A host or network name in it is looked up by libpcap through the system's resolver, as
    /// in tcpdump, which may send DNS queries; where the environment has `WIRELAB_LOCAL_ONLY` it is refused.
    ///
    /// # Errors
    /// [`BpfError`]: a syntax error, a term that this link type cannot have, or a name to look up.
    #[cfg(feature = "live")]
    pub fn compile(expression: &str, link: LinkType) -> Result<Self, BpfError> {
        may_be_compiled(expression)?;
        let refused = |error| BpfError::refused(expression, &error);
        let handle = pcap::Capture::dead(pcap::Linktype(super::dlt::from_link(link))).map_err(refused)?;
        let compiled = handle.compile(expression, true).map_err(refused)?;
        let program = program::Program::new(&compiled)
            .ok_or_else(|| BpfError::LiveOnly { expression: expression.to_owned() })?;
        Ok(Self { program, link })
    }

    /// This build has no libpcap.
    ///
    /// # Errors
    /// Always [`BpfError::NotBuilt`].
    #[cfg(not(feature = "live"))]
    pub fn compile(expression: &str, _link: LinkType) -> Result<Self, BpfError> {
        Err(BpfError::NotBuilt { expression: expression.to_owned() })
    }

    /// Whether a packet of `wire_len` bytes, of which `data` was captured, passes. A term about bytes that
    /// were not captured rejects it, as in tcpdump.
    #[must_use]
    pub fn matches(&self, data: &[u8], wire_len: u32) -> bool {
        #[cfg(feature = "live")]
        return self.program.run(&family::as_of_this_system(self.link, data), wire_len) != 0;
        #[cfg(not(feature = "live"))]
        {
            let _ = (data, wire_len);
            match self.never {}
        }
    }
}

/// One expression for a capture with any number of link types: compiled when a link type is first met.
///
/// ```
/// # use wirelab::source::{BpfSet, LinkType};
/// # if cfg!(feature = "live") {
/// let mut filter = BpfSet::new("len >= 60")?;
/// assert!(filter.matches_bytes(LinkType::ETHERNET, &[0; 14], 60)?);
/// assert!(!filter.matches_bytes(LinkType::RAW, &[0; 14], 59)?);
/// # }
/// # Ok::<(), wirelab::source::BpfError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BpfSet {
    expression: String,
    /// In the order they were met; errors are kept so that they cost nothing the second time.
    compiled: Vec<(LinkType, Result<BpfFilter, BpfError>)>,
}

impl BpfSet {
    /// A filter for any link type.
    ///
    /// # Errors
    /// [`BpfError`] where the expression is wrong whatever the link type. One that only some link types
    /// cannot have is told by [`Self::matches`], when such a packet comes.
    pub fn new(expression: &str) -> Result<Self, BpfError> {
        let mut set = Self { expression: expression.to_owned(), compiled: Vec::new() };
        // A syntax error, or an unknown name, is the same on every link type. Ethernet has most of the
        // language, raw IP has what needs no link header, 802.11 has `wlan` and `type`.
        let tried = [LinkType::ETHERNET, LinkType::RAW, LinkType::IEEE802_11];
        let mut first_error = None;
        for link in tried {
            match set.filter(link) {
                Ok(_) => return Ok(set),
                Err(error) => first_error.get_or_insert(error.clone()),
            };
        }
        first_error.map_or(Ok(set), Err)
    }

    /// The expression as given.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Whether `packet` passes.
    ///
    /// # Errors
    /// [`BpfError`] where the expression makes no sense on the packet's link type.
    pub fn matches(&mut self, packet: &CapturedPacket<'_>) -> Result<bool, BpfError> {
        self.matches_bytes(packet.link, packet.data, packet.wire_len)
    }

    /// Whether a packet of `wire_len` bytes on the wire that starts with `data` passes. A pcapng custom block
    /// is no packet to libpcap, so it never does.
    ///
    /// # Errors
    /// As [`Self::matches`].
    pub fn matches_bytes(&mut self, link: LinkType, data: &[u8], wire_len: u32) -> Result<bool, BpfError> {
        if link == LinkType::CUSTOM_BLOCK {
            return Ok(false);
        }
        match self.filter(link) {
            Ok(filter) => Ok(filter.matches(data, wire_len)),
            Err(error) => Err(error.clone()),
        }
    }

    fn filter(&mut self, link: LinkType) -> Result<&BpfFilter, BpfError> {
        let place = match self.compiled.iter().position(|(known, _)| *known == link) {
            Some(place) => place,
            None if self.compiled.len() < MAX_LINK_TYPES => {
                self.compiled.push((link, BpfFilter::compile(&self.expression, link)));
                self.compiled.len() - 1
            }
            None => return Err(BpfError::TooManyLinkTypes { expression: self.expression.clone() }),
        };
        match self.compiled.get(place) {
            Some((_, Ok(filter))) => Ok(filter),
            Some((_, Err(error))) => Err(error.clone()),
            None => Err(BpfError::TooManyLinkTypes { expression: self.expression.clone() }),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "live")]
mod tests;

#[cfg(test)]
#[cfg(not(feature = "live"))]
mod without_libpcap {
    #[test]
    fn a_filter_is_refused_with_the_reason() {
        let error = super::BpfSet::new("tcp port 80").unwrap_err().to_string();
        assert!(error.contains("tcp port 80") && error.contains("built without libpcap"), "{error}");
    }
}
