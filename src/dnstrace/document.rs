//! Values of a trace in a document, where they are not written as the types they are have it.

/// Bytes as digits of base 16.
pub(super) mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in crate::dnstrace) fn serialize<S: Serializer>(
        bytes: &Option<Box<[u8]>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let text = bytes.iter().flatten().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        to.serialize_str(&text)
    }

    pub(in crate::dnstrace) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Box<[u8]>>, D::Error> {
        let text = String::deserialize(from)?;
        let digits = |pair: &[u8]| {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            let [high, low] = pair else { return None };
            u8::try_from(digit(high)? * 16 + digit(low)?).ok()
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(digits).collect();
        bytes.map(|bytes| Some(bytes.into())).ok_or_else(|| de::Error::custom("no digits of base 16"))
    }
}

/// A span of time in nanoseconds.
pub(super) mod nanos {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::time::TimeDelta;

    pub(in crate::dnstrace) fn serialize<S: Serializer>(
        span: &Option<TimeDelta>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(|span| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)).serialize(to)
    }

    pub(in crate::dnstrace) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<TimeDelta>, D::Error> {
        let nanos = Option::<i64>::deserialize(from)?;
        Ok(nanos.map(|nanos| TimeDelta::from_nanos(nanos.into())))
    }
}
