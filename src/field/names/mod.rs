//! Every field there is: name, type, and what it means, one file a protocol.
//!
//! A protocol that is added brings its file, a word in the list of `protocols!`, and what hands its fields out in
//! [`super::emit`].

use super::registry::ProtocolDef;

#[allow(dead_code, unused_imports, reason = "a table takes what it needs")]
/// The types as the tables below spell them: U for decimal, X for hexadecimal, I for signed numbers.
mod kinds {
    pub(super) use super::super::registry::{FieldDef, FieldId, ProtocolDef};
    pub(super) use super::super::{Base, Clock, FieldKind};
    pub(super) use FieldKind::{
        Boolean, Bytes, Float, Ipv4, Ipv6, Mac, Mark, PacketNumber, Protocol, Span, Text, Time,
    };

    pub(super) const U8: FieldKind = FieldKind::Unsigned(8, Base::Ten);
    pub(super) const U16: FieldKind = FieldKind::Unsigned(16, Base::Ten);
    pub(super) const U24: FieldKind = FieldKind::Unsigned(24, Base::Ten);
    pub(super) const U32: FieldKind = FieldKind::Unsigned(32, Base::Ten);
    pub(super) const U64: FieldKind = FieldKind::Unsigned(64, Base::Ten);
    pub(super) const X8: FieldKind = FieldKind::Unsigned(8, Base::Sixteen);
    pub(super) const X16: FieldKind = FieldKind::Unsigned(16, Base::Sixteen);
    pub(super) const X24: FieldKind = FieldKind::Unsigned(24, Base::Sixteen);
    pub(super) const X32: FieldKind = FieldKind::Unsigned(32, Base::Sixteen);
    pub(super) const X64: FieldKind = FieldKind::Unsigned(64, Base::Sixteen);
    pub(super) const I16: FieldKind = FieldKind::Signed(16);
    pub(super) const I32: FieldKind = FieldKind::Signed(32);
}

/// Declares the fields of one protocol: a constant each, `PROTOCOL` for the protocol itself, and the table.
/// A row is `CONSTANT "name" Kind, "meaning";`, with a function from values to words behind a further comma for a code,
/// and with `[hidden]` before it where Wireshark keeps the field out of its tree because another says the same.
macro_rules! protocol {
    ($place:ident $own:literal $title:literal; $($([$hidden:ident])? $id:ident $name:literal $kind:expr, $doc:literal $(, $words:expr)?;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "the rows number the constants below and are not otherwise used")]
        #[repr(u16)]
        enum Row { PROTOCOL, $($id),* }

        #[doc = $title]
        pub const PROTOCOL: FieldId = FieldId::new(super::Place::$place as u16, Row::PROTOCOL as u16);
        $(#[doc = $doc] pub const $id: FieldId = FieldId::new(super::Place::$place as u16, Row::$id as u16);)*

        pub(super) static DEF: ProtocolDef = ProtocolDef { fields: &[
            FieldDef { name: $own, kind: Protocol, doc: $title, words: None, hidden: false },
            $(FieldDef {
                name: $name,
                kind: $kind,
                doc: $doc,
                words: protocol!(@words $($words)?),
                hidden: protocol!(@hidden $($hidden)?),
            }),*
        ] };
    };
    (@words) => { None };
    (@words $words:expr) => { Some($words) };
    (@hidden) => { false };
    (@hidden hidden) => { true };
}

/// Declares the files of this folder, and the order of the registry.
macro_rules! protocols {
    ($($name:ident)*) => {
        $(#[doc = concat!("Fields of `", stringify!($name), "`.")] pub mod $name;)*

        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named as the files are")]
        #[repr(u16)]
        enum Place { $($name),* }

        /// All protocols, each at its `Place`.
        pub(super) static PROTOCOLS: &[&ProtocolDef] = &[$(&$name::DEF),*];
    };
}

// What transports carry stands behind them, from `dns` on.
protocols! {
    frame eth vlan ieee8021ad ieee8021ah llc sll null ppp chdlc pppoe pppoed pppoes mpls arp ip ipv6 hopopts routing
    fraghdr dstopts icmp icmpv6 igmp udp tcp mptcp sctp ah ipcomp esp gre vxlan geneve gtp pim dns mdns llmnr http ssdp
    urlencoded_form tls dtls quic x509af x509if x509sat x509ce pkcs1 ocsp smtp pop imap imf ftp ftp_data telnet ssh dhcp data
    wirelab_lab wirelab
}
