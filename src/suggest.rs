//! "Did you mean …?": the names nearest to what was typed.

/// Most names that are suggested: more are no help.
const MOST: usize = 3;

/// Those of `names` that start with what was typed, else those the fewest typing mistakes away, at most three.
/// Empty where nothing is like it.
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str> + Clone) -> Vec<&'a str> {
    if typed.chars().count() >= 2 {
        let begun: Vec<_> = names.clone().filter(|name| name.starts_with(typed)).take(MOST).collect();
        if !begun.is_empty() {
            return begun;
        }
    }
    // One mistake in three characters: more, and everything resembles everything.
    let allowed = (typed.chars().count() / 3).max(1);
    let mistakes = |name: &str| strsim::damerau_levenshtein(typed, name);
    let best = names.clone().map(mistakes).min().filter(|&best| best <= allowed);
    names.filter(|name| Some(mistakes(name)) == best).take(MOST).collect()
}

/// Names as a choice: `a, b or c`.
pub(crate) fn either(names: &[&str]) -> String {
    match names {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let nearest = |typed| nearest(typed, ["tcp.srcport", "tcp.dstport", "udp.srcport"].into_iter());
        assert_eq!(nearest("tcp.scrport"), ["tcp.srcport"]);
        assert_eq!(nearest("tcp.dsport"), ["tcp.dstport"]);
        assert_eq!(nearest("tcp"), ["tcp.srcport", "tcp.dstport"]);
        assert!(nearest("frame.time").is_empty());
        assert!(nearest("").is_empty());
    }

    #[test]
    fn names_are_a_choice() {
        assert_eq!(either(&["a", "b", "c"]), "a, b or c");
        assert_eq!(either(&["a", "b"]), "a or b");
        assert_eq!(either(&["a"]), "a");
    }
}
