//! Remembers for a while which callers' hosts did not answer in time, so that waiting for them holds up nobody else.
//!
//! An invocation ends when the slowest caller of its batch has answered or run out of time, and only two invocations
//! tell callers at a time. A host that did not answer within [`TIMEOUT`] is given [`SHORT_PATIENCE`] for
//! [`REMEMBERED`]; then one message has the whole time again. Every attempt is still a request: a host that is back
//! hears at once, and no attempt of the nine is lost.
//!
//! What that comes to, with batches of 100 messages, two at a time, no more than 20 of a batch at one host at a time,
//! and B messages to hosts that never answer ahead of a caller that does: it waits for the batches that run, 23 s at
//! most (15 s, and 4 times 2 s if all are to one host), and then for B / 200 more: of 15 s each if every message is to
//! another host, of 2 s if they are to many known hosts, of 10 s if all are to a known one. So 800 attempts a minute
//! find room even if each is to another host, and 1,200 to one host. With batches of ten and no memory it was 80. Each
//! message to a host that never answers makes nine attempts: 88 such messages a minute can go on for ever.
//!
//! Memory is of one execution environment: each learns by itself, at the cost of one long wait, and a new one starts
//! with nothing. The size of a batch does not depend on it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a caller may take to answer. Standard Webhooks advises 15 to 30 seconds.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);
/// How long it may take while its host is known not to answer. A host that works again answers sooner than that.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);
/// How long that is remembered.
const REMEMBERED: Duration = Duration::from_secs(300);
/// How many hosts are remembered at most.
const MAX_HOSTS: usize = 1000;

/// The hosts that did not answer lately, and when each was found out.
#[derive(Debug, Default)]
pub(crate) struct SilentHosts(Mutex<HashMap<String, Instant>>);

impl SilentHosts {
    /// How long this host may take to answer.
    pub(crate) fn max_wait(&self, host: &str, now: Instant) -> Duration {
        let known = self.lock().get(host).is_some_and(|since| is_remembered(*since, now));
        if known { SHORT_PATIENCE } else { TIMEOUT }
    }

    /// Notes that this host did not answer in time. While that is remembered it is not remembered for longer: else a
    /// host that always takes three seconds would never have its whole time again.
    pub(crate) fn timed_out(&self, host: &str, now: Instant) {
        let mut hosts = self.lock();
        hosts.retain(|_, since| is_remembered(*since, now));
        if hosts.len() < MAX_HOSTS {
            hosts.entry(host.to_owned()).or_insert(now);
        }
    }

    /// Notes that this host has answered.
    pub(crate) fn answered(&self, host: &str) {
        self.lock().remove(host);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_remembered(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_timed_out_has_less_time_until_it_answers_or_is_forgotten() {
        let (hosts, now) = (SilentHosts::default(), Instant::now());
        assert_eq!(hosts.max_wait("a", now), TIMEOUT);
        hosts.timed_out("a", now);
        assert_eq!((hosts.max_wait("a", now), hosts.max_wait("b", now)), (SHORT_PATIENCE, TIMEOUT));
        hosts.answered("a");
        assert_eq!(hosts.max_wait("a", now), TIMEOUT);
        hosts.timed_out("a", now);
        assert_eq!(hosts.max_wait("a", now + REMEMBERED - Duration::from_secs(1)), SHORT_PATIENCE);
        assert_eq!(hosts.max_wait("a", now + REMEMBERED), TIMEOUT);
    }

    #[test]
    fn a_short_wait_in_vain_does_not_lengthen_the_memory() {
        let (hosts, now) = (SilentHosts::default(), Instant::now());
        hosts.timed_out("a", now);
        hosts.timed_out("a", now + REMEMBERED / 2);
        assert_eq!(hosts.max_wait("a", now + REMEMBERED), TIMEOUT);
        hosts.timed_out("a", now + REMEMBERED);
        assert_eq!(hosts.max_wait("a", now + REMEMBERED), SHORT_PATIENCE);
    }

    #[test]
    fn no_more_hosts_are_remembered_than_fit() {
        let (hosts, now) = (SilentHosts::default(), Instant::now());
        (0..2 * MAX_HOSTS).for_each(|host| hosts.timed_out(&host.to_string(), now));
        assert_eq!(hosts.lock().len(), MAX_HOSTS);
        hosts.timed_out("a", now + REMEMBERED);
        assert_eq!(hosts.lock().len(), 1);
    }
}
