//! The types of fields.

/// The type of a field's values, and how they are written. The names in brackets are Wireshark's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number of this many bits, not negative (`FT_UINT8` … `FT_UINT64`).
    Unsigned(u8, Base),
    /// A whole number of this many bits (`FT_INT8` … `FT_INT64`).
    Signed(u8),
    /// The number of a packet in the capture (`FT_FRAMENUM`).
    PacketNumber,
    /// True or false, written 1 or 0 (`FT_BOOLEAN`).
    Boolean,
    /// An Ethernet address (`FT_ETHER`).
    Mac,
    /// An IPv4 address (`FT_IPv4`).
    Ipv4,
    /// An IPv6 address (`FT_IPv6`).
    Ipv6,
    /// Bytes (`FT_BYTES`).
    Bytes,
    /// Text (`FT_STRING`).
    Text,
    /// A number with a fraction (`FT_DOUBLE`).
    Float,
    /// A point in time (`FT_ABSOLUTE_TIME`), written as this says.
    Time(Clock),
    /// A span of time (`FT_RELATIVE_TIME`), written as seconds with nine decimals.
    Span,
    /// All bytes of a protocol (`FT_PROTOCOL`).
    Protocol,
    /// Nothing but that it is there (`FT_NONE`).
    Mark,
}

/// How a whole number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Decimal.
    Ten,
    /// `0x` and as many hexadecimal digits as the type has room for.
    Sixteen,
}

/// How a point in time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Seconds since 1970 with nine decimals.
    Epoch,
    /// Date and time, UTC.
    Date,
}

impl FieldKind {
    /// The type without its notation, in Wireshark's words; `wirelab fields` and messages about filters use them.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned(8, _) => "unsigned integer, 8 bits",
            Self::Unsigned(16, _) => "unsigned integer, 16 bits",
            Self::Unsigned(24, _) => "unsigned integer, 24 bits",
            Self::Unsigned(32, _) => "unsigned integer, 32 bits",
            Self::Unsigned(..) => "unsigned integer, 64 bits",
            Self::Signed(8) => "signed integer, 8 bits",
            Self::Signed(16) => "signed integer, 16 bits",
            Self::Signed(32) => "signed integer, 32 bits",
            Self::Signed(_) => "signed integer, 64 bits",
            Self::PacketNumber => "frame number",
            Self::Boolean => "boolean",
            Self::Mac => "Ethernet address",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Bytes => "bytes",
            Self::Text => "string",
            Self::Float => "double",
            Self::Time(_) => "date and time",
            Self::Span => "time offset",
            Self::Protocol => "protocol",
            Self::Mark => "label",
        }
    }
}
