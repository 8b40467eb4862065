//! BSD loopback headers hold the number that the capturing system has for a protocol family, in its byte
//! order; a compiled filter compares it with this system's number.

use std::borrow::Cow;

use super::LinkType;

/// OpenBSD's and NetBSD's, FreeBSD's, and macOS's number for IPv6.
const AF_INET6: [u32; 3] = [24, 28, 30];

/// IPsec encapsulation of OpenBSD, whose header also starts with the family.
const ENC: LinkType = LinkType(109);

/// `data` with the family as this system would write it, where `link` has one in front.
pub(super) fn as_of_this_system(link: LinkType, data: &[u8]) -> Cow<'_, [u8]> {
    if !matches!(link, LinkType::NULL | LinkType::LOOP | ENC) {
        return Cow::Borrowed(data);
    }
    let Some((header, rest)) = data.split_first_chunk::<4>() else { return Cow::Borrowed(data) };
    let network_order = link == LinkType::LOOP;
    let sent = if network_order { u32::from_be_bytes(*header) } else { u32::from_ne_bytes(*header) };
    // Families are small numbers: a large one was written by a machine of the other byte order.
    let family = if sent > 0xffff && !network_order { sent.swap_bytes() } else { sent };
    let ours = u32::try_from(nix::libc::AF_INET6).unwrap_or(family);
    let family = if AF_INET6.contains(&family) { ours } else { family };
    if family == sent {
        return Cow::Borrowed(data);
    }
    let header = if network_order { family.to_be_bytes() } else { family.to_ne_bytes() };
    Cow::Owned([&header[..], rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_systems_ipv6_is_ipv6() {
        let ours = u32::try_from(nix::libc::AF_INET6).unwrap();
        for family in [24_u32, 28, 30] {
            for header in [family.to_ne_bytes(), family.swap_bytes().to_ne_bytes()] {
                let data = [&header[..], &[0x60]].concat();
                assert_eq!(
                    &*as_of_this_system(LinkType::NULL, &data),
                    [&ours.to_ne_bytes()[..], &[0x60]].concat()
                );
            }
            let data = family.to_be_bytes();
            assert_eq!(&*as_of_this_system(LinkType::LOOP, &data), ours.to_be_bytes());
        }
    }

    #[test]
    fn other_bytes_stay() {
        for data in [&[0, 0, 0, 30][..], &[30, 0, 0], &[]] {
            assert!(
                matches!(as_of_this_system(LinkType::ETHERNET, data), Cow::Borrowed(same) if same == data)
            );
        }
        let ipv4 = 2_u32.swap_bytes().to_ne_bytes();
        assert_eq!(&*as_of_this_system(LinkType::NULL, &ipv4), 2_u32.to_ne_bytes());
    }
}
