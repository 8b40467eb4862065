//! Link types by libpcap's own numbers: DLT_ values, which differ from LINKTYPE_ values for a few, and from
//! one system to another (<https://www.tcpdump.org/linktypes.html>).

use super::LinkType;

/// LINKTYPE_ numbers whose DLT_ number is another: ATM RFC 1483, raw IP, BSD/OS SLIP and PPP, ATM CLIP, and
/// OpenBSD's loopback.
const DIFFERENT: &[(u16, i32)] = &[
    (100, 11),
    (101, if cfg!(target_os = "openbsd") { 14 } else { 12 }),
    (102, 15),
    (103, 16),
    (106, 19),
    (108, if cfg!(target_os = "openbsd") { 12 } else { 108 }),
];

/// The DLT_ number that libpcap on this system uses for `link`.
pub(super) fn from_link(link: LinkType) -> i32 {
    DIFFERENT.iter().find(|(known, _)| *known == link.0).map_or(i32::from(link.0), |(_, dlt)| *dlt)
}

/// The link type of a DLT_ number of this system's libpcap; `None` for one outside the registry.
pub(super) fn to_link(dlt: i32) -> Option<LinkType> {
    let different = DIFFERENT.iter().find(|(_, known)| *known == dlt).map(|(link, _)| *link);
    different.or_else(|| u16::try_from(dlt).ok()).map(LinkType)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_go_there_and_back() {
        for link in 0..300 {
            // 11, 12, 15, 16 and 19 are DLT_ numbers only: no savefile has them as a link type.
            if ![11, 12, 14, 15, 16, 19].contains(&link) {
                assert_eq!(to_link(from_link(LinkType(link))), Some(LinkType(link)));
            }
        }
        assert_eq!(to_link(if cfg!(target_os = "openbsd") { 14 } else { 12 }), Some(LinkType::RAW));
        assert_eq!(to_link(-1), None);
    }
}
