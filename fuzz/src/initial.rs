//! Initial packets of QUIC, protected with the keys that anybody can make (RFC 9001 section 5): without them no byte of the
//! fuzzer's would reach what is inside.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

/// RFC 9001 section 5.2.
const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];

/// The connection id that the client begins with.
const FIRST_ID: [u8; 8] = *b"wirelab!";

/// Bytes that a packet has at least, so that there is a sample to protect its header with.
const LEAST: usize = 20;

/// What one side protects its Initial packets with.
pub struct Initial {
    key: LessSafeKey,
    iv: [u8; 12],
    header: quic::HeaderProtectionKey,
}

struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(secret: &Prk, label: &str) -> [u8; N] {
    let label_len = [u8::try_from(label.len() + 6).unwrap()];
    let len = u16::try_from(N).unwrap().to_be_bytes();
    let info: [&[u8]; 5] = [&len, &label_len, b"tls13 ", label.as_bytes(), &[0]];
    let mut out = [0; N];
    secret.expand(&info, Len(N)).unwrap().fill(&mut out).unwrap();
    out
}

impl Initial {
    /// The keys of the client or the server.
    pub fn new(of_client: bool) -> Self {
        let initial = Salt::new(HKDF_SHA256, &SALT).extract(&FIRST_ID);
        let secret: [u8; 32] = expand(&initial, if of_client { "client in" } else { "server in" });
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let key: [u8; 16] = expand(&secret, "quic key");
        let mask: [u8; 16] = expand(&secret, "quic hp");
        Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()),
            iv: expand(&secret, "quic iv"),
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &mask).unwrap(),
        }
    }

    /// Packet `number` with these frames in it.
    pub fn packet(&self, number: u32, frames: &[u8]) -> Vec<u8> {
        let mut sealed = frames.to_vec();
        sealed.resize(frames.len().max(LEAST), 0);
        let mut out = vec![0xc3, 0, 0, 0, 1, 8];
        out.extend(FIRST_ID);
        // No connection id of the sender, no token.
        out.extend([0, 0]);
        let len = u32::try_from(sealed.len() + 4 + AES_128_GCM.tag_len()).unwrap();
        out.extend((len | 0x8000_0000).to_be_bytes());
        let number_at = out.len();
        out.extend(number.to_be_bytes());
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(8).zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(&out), &mut sealed).unwrap();
        out.extend(sealed);
        let [first, mask @ ..] = self.header.new_mask(&out[number_at + 4..number_at + 20]).unwrap();
        out[0] ^= first & 0x0f;
        for (byte, mask) in out[number_at..].iter_mut().zip(mask) {
            *byte ^= mask;
        }
        out
    }
}
