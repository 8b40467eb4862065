//! All transactions in a few numbers.

use std::collections::BTreeMap;

use super::{DnsOutcome, DnsTransaction};
use crate::time::TimeDelta;

/// All transactions in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSummary {
    /// Transactions.
    pub transactions: u64,
    /// Queries, repeats not counted.
    pub queries: u64,
    /// Repeats of a query.
    pub repeats: u64,
    /// Queries with a response.
    pub answered: u64,
    /// Queries without.
    pub unanswered: u64,
    /// Responses that nobody asked for, in this capture.
    pub unasked: u64,
    /// How many came out how, by [`DnsOutcome::name`].
    pub outcomes: BTreeMap<&'static str, u64>,
    /// The shortest, the median and the longest time from query to response.
    pub times: Option<[TimeDelta; 3]>,
}

impl DnsSummary {
    /// The numbers of `transactions`.
    #[must_use]
    pub fn of<'a>(transactions: impl Iterator<Item = &'a DnsTransaction>) -> Self {
        let mut summary = Self::default();
        let mut times = Vec::new();
        for transaction in transactions {
            summary.transactions += 1;
            *summary.outcomes.entry(transaction.outcome.name()).or_default() += 1;
            if transaction.is_unasked() {
                summary.unasked += 1;
                continue;
            }
            summary.queries += 1;
            let repeats = transaction.queries.len().saturating_sub(1);
            summary.repeats = summary.repeats.saturating_add(u64::try_from(repeats).unwrap_or(u64::MAX));
            if transaction.response().is_some() {
                summary.answered += 1;
            } else {
                summary.unanswered += u64::from(transaction.outcome == DnsOutcome::Unanswered);
            }
            times.extend(transaction.elapsed());
        }
        times.sort_unstable();
        let median = times.get(times.len().saturating_sub(1) / 2);
        summary.times =
            median.zip(times.first().zip(times.last())).map(|(&median, (&min, &max))| [min, median, max]);
        summary
    }
}
