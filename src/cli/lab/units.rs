//! Shares, times and rates as they are typed.

use std::time::Duration;

/// The longest time that can be asked for, in seconds: no lab should stand still for longer.
const MAX_SECONDS: f64 = 60.0;

/// The shortest that is not nothing.
const MIN_SECONDS: f64 = 0.001;

pub(super) fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("not a whole number from 0 to {}", u64::MAX))
}

pub(super) fn parse_pace(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(pace) if (0.001..=100.0).contains(&pace) => Ok(pace),
        _ => Err("not a number from 0.001 to 100".to_owned()),
    }
}

/// `10%`, or `10`: a share of a hundred, as one of 1.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%').unwrap_or(text).trim_end().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("not a share from 0% to 100%".to_owned()),
    }
}

/// `20ms`, `1.5s`, or seconds as a number alone.
pub(super) fn parse_span(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
        .unwrap_or((text, 1.0));
    match number.trim_end().parse::<f64>() {
        Ok(number) if (MIN_SECONDS..=MAX_SECONDS).contains(&(number * unit)) => {
            Ok(Duration::from_secs_f64(number * unit))
        }
        _ => Err("not a time from 1ms to 60s, such as 20ms or 0.5s".to_owned()),
    }
}

/// `64kbit`, `1mbit`: bits per second, with decimal units as `tc` has them.
pub(super) fn parse_rate(text: &str) -> Result<u64, String> {
    let wrong = || "not a rate from 1kbit to 10gbit, such as 64kbit or 1mbit".to_owned();
    let text = text.to_ascii_lowercase();
    let text = text.strip_suffix("/s").unwrap_or(&text);
    let units = [("kbit", 1_000_u64), ("mbit", 1_000_000), ("gbit", 1_000_000_000), ("bit", 1)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
        .ok_or_else(wrong)?;
    let (whole, fraction) = number.trim_end().split_once('.').unwrap_or((number.trim_end(), ""));
    let fraction = format!("{fraction:0<3}");
    let thousandths = fraction.get(..3).and_then(|digits| digits.parse::<u64>().ok()).ok_or_else(wrong)?;
    let whole = whole.parse::<u64>().map_err(|_| wrong())?;
    let rate = whole.checked_mul(unit).and_then(|bits| bits.checked_add(thousandths * unit / 1_000));
    rate.filter(|bits| (1_000..=10_000_000_000).contains(bits)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent() {
        for (text, share) in
            [("10%", Some(0.1)), ("10", Some(0.1)), ("0.5 %", Some(0.005)), ("100%", Some(1.0))]
                .into_iter()
                .chain([("101%", None), ("-1%", None), ("nan", None), ("", None), ("%", None), ("ten", None)])
        {
            assert_eq!(parse_share(text).ok(), share, "{text:?}");
        }
    }

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        for (text, millis) in [
            ("20ms", Some(20.0)),
            ("1.5s", Some(1500.0)),
            ("0.25", Some(250.0)),
            ("1500us", Some(1.5)),
            ("5 ms", Some(5.0)),
            ("60s", Some(60_000.0)),
            ("61s", None),
            ("0", None),
            ("10us", None),
            ("-1s", None),
            ("inf", None),
            ("NaNms", None),
            ("ms", None),
            ("", None),
        ] {
            let parsed = parse_span(text).ok().map(|span| span.as_secs_f64() * 1e3);
            assert_eq!(parsed, millis, "{text:?}");
        }
    }

    #[test]
    fn seeds_are_whole_numbers() {
        assert_eq!(["0", "18446744073709551615"].map(parse_seed), [Ok(0), Ok(u64::MAX)]);
        for text in ["x", "", "-1", "1.5", "18446744073709551616"] {
            assert_eq!(parse_seed(text).unwrap_err(), "not a whole number from 0 to 18446744073709551615");
        }
    }

    #[test]
    fn rates_are_those_of_tc() {
        for (text, bits) in [
            ("1mbit", Some(1_000_000)),
            ("64kbit", Some(64_000)),
            ("1.5Mbit/s", Some(1_500_000)),
            ("9600bit", Some(9_600)),
            ("10gbit", Some(10_000_000_000)),
            ("11gbit", None),
            ("999bit", None),
            ("1", None),
            ("-1mbit", None),
            ("1.-5mbit", None),
            ("99999999999999999999gbit", None),
            ("mbit", None),
        ] {
            assert_eq!(parse_rate(text).ok(), bits, "{text:?}");
        }
    }
}
