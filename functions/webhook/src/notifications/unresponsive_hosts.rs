//! Remembers for a while which callers' hosts did not respond in time, so that waiting for them delays no other host.
//!
//! An invocation ends when the slowest host of its batch has responded or timed out, and only two invocations send
//! caller webhooks at a time. A host that did not respond within [`TIMEOUT`] gets [`SHORT_TIMEOUT`] for the next
//! [`UNRESPONSIVE_TTL`]; then one message has the full timeout again. Every attempt still sends a request: a host
//! that has recovered receives its webhook at once, and none of the nine attempts is lost.
//!
//! The resulting throughput, with batches of 100 messages, two at a time, no more than 20 of a batch at one host at a
//! time, and B messages to hosts that never respond queued before a caller that does: it waits for the running
//! batches, 23 s at most (15 s, and 4 times 2 s if all are to one host), and then for B / 200 more: of 15 s each if
//! every message is to another host, of 2 s if they are to many remembered hosts, of 10 s if all are to one
//! remembered host. So the capacity is 800 attempts a minute even if each is to another host, and 1,200 to one host.
//! With batches of ten and no memory it was 80. Each message to a host that never responds makes nine attempts: 88
//! such messages a minute are sustainable.
//!
//! The memory belongs to one execution environment: each learns by itself, at the cost of one full timeout, and a new
//! one starts empty. The size of a batch does not depend on it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The timeout of a request to a caller. Standard Webhooks advises 15 to 30 seconds.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);
/// The timeout for a host that is remembered as unresponsive. A host that has recovered responds sooner than that.
const SHORT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a host is remembered.
const UNRESPONSIVE_TTL: Duration = Duration::from_secs(300);
/// How many hosts are remembered at most.
const MAX_HOSTS: usize = 1000;

/// The hosts that timed out lately, and when each of them first did.
#[derive(Debug, Default)]
pub(crate) struct UnresponsiveHosts(Mutex<HashMap<String, Instant>>);

impl UnresponsiveHosts {
    /// The timeout for a request to this host.
    pub(crate) fn timeout(&self, host: &str, now: Instant) -> Duration {
        let unresponsive = self.lock().get(host).is_some_and(|since| is_remembered(*since, now));
        if unresponsive { SHORT_TIMEOUT } else { TIMEOUT }
    }

    /// Records that this host timed out. A repeated timeout does not extend the time for which the host is
    /// remembered: otherwise a host that always takes three seconds would never have the full timeout again.
    pub(crate) fn record_timeout(&self, host: &str, now: Instant) {
        let mut hosts = self.lock();
        hosts.retain(|_, since| is_remembered(*since, now));
        if hosts.len() < MAX_HOSTS {
            hosts.entry(host.to_owned()).or_insert(now);
        }
    }

    /// Records that this host responded.
    pub(crate) fn record_response(&self, host: &str) {
        self.lock().remove(host);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_remembered(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < UNRESPONSIVE_TTL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_timed_out_gets_the_short_timeout_until_it_responds_or_expires() {
        let (hosts, now) = (UnresponsiveHosts::default(), Instant::now());
        assert_eq!(hosts.timeout("a", now), TIMEOUT);
        hosts.record_timeout("a", now);
        assert_eq!((hosts.timeout("a", now), hosts.timeout("b", now)), (SHORT_TIMEOUT, TIMEOUT));
        hosts.record_response("a");
        assert_eq!(hosts.timeout("a", now), TIMEOUT);
        hosts.record_timeout("a", now);
        assert_eq!(hosts.timeout("a", now + UNRESPONSIVE_TTL - Duration::from_secs(1)), SHORT_TIMEOUT);
        assert_eq!(hosts.timeout("a", now + UNRESPONSIVE_TTL), TIMEOUT);
    }

    #[test]
    fn a_repeated_timeout_does_not_extend_how_long_a_host_is_remembered() {
        let (hosts, now) = (UnresponsiveHosts::default(), Instant::now());
        hosts.record_timeout("a", now);
        hosts.record_timeout("a", now + UNRESPONSIVE_TTL / 2);
        assert_eq!(hosts.timeout("a", now + UNRESPONSIVE_TTL), TIMEOUT);
        hosts.record_timeout("a", now + UNRESPONSIVE_TTL);
        assert_eq!(hosts.timeout("a", now + UNRESPONSIVE_TTL), SHORT_TIMEOUT);
    }

    #[test]
    fn the_number_of_remembered_hosts_is_limited() {
        let (hosts, now) = (UnresponsiveHosts::default(), Instant::now());
        (0..2 * MAX_HOSTS).for_each(|host| hosts.record_timeout(&host.to_string(), now));
        assert_eq!(hosts.lock().len(), MAX_HOSTS);
        hosts.record_timeout("a", now + UNRESPONSIVE_TTL);
        assert_eq!(hosts.lock().len(), 1);
    }
}
