//! Scheduling deliveries and making their requests (contract 6.1 and 6.3).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Method, Request};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::attempt::Attempt;
use crate::schedule::Send;
use crate::{Manner, Outgoing};

use super::delivery::{Content, Delivery, Signing, State, Target};
use super::event::{self, Shape};
use super::fault::DeliveryFault;
use super::knobs::seconds;
use super::{AbyssaleSimulator, Moment, signature};

const DELIVERY_ID: &str = "x-abyssale-delivery-id";
const SIGNATURE: &str = "x-abyssale-signature";

impl AbyssaleSimulator {
    /// Schedules a delivery with an id of its own and gives its number.
    pub(super) fn schedule(
        &mut self,
        target: Target,
        url: String,
        content: Content,
        due: OffsetDateTime,
    ) -> u64 {
        let number = self.state.outbox.next_number();
        let fault = match target {
            Target::Direct => None,
            Target::Callback | Target::Subscription(_) => self.state.faults.for_schedule(target.name()),
        };
        let (state, due) = match &fault {
            Some(DeliveryFault::Drop) => (State::Dropped, due),
            Some(DeliveryFault::Reorder) => (State::Held, due),
            Some(DeliveryFault::Delay { seconds: wait }) => (State::Pending, due + seconds(*wait)),
            Some(_) | None => (State::Pending, due),
        };
        let delivery_id = self.draw.next_hex("delivery");
        let attempts = Vec::new();
        let delivery = Delivery { number, delivery_id, target, url, content, state, tries: 0, attempts };
        let outbox = &mut self.state.outbox;
        if state == State::Pending {
            outbox.release_held(due);
            outbox.send_at(number, target != Target::Direct, due);
        }
        outbox.add(delivery);
        if let Some(DeliveryFault::Duplicate { times }) = fault {
            (0..times).for_each(|_| outbox.send_at(number, false, due));
        }
        number
    }

    /// Schedules an event for each subscription that wants it.
    pub(super) fn publish(
        &mut self,
        kind: &str,
        design: Option<Uuid>,
        content: &Content,
        due: OffsetDateTime,
    ) {
        for subscription in self.state.subscriptions.to(kind, design) {
            let target = Target::Subscription(subscription.id);
            self.schedule(target, subscription.hook_url, content.clone(), due);
        }
    }

    /// The requests that are due now, each with a fresh `t`.
    pub(super) fn send_due(&mut self, at: Moment) -> Vec<Outgoing> {
        let due = self.state.outbox.take_due(at.now);
        due.into_iter().filter_map(|send| self.attempt(send, at)).collect()
    }

    fn attempt(&mut self, send: Send, at: Moment) -> Option<Outgoing> {
        let delivery = self.state.outbox.get(send.number)?;
        let (target, uri) = (delivery.target, delivery.url.parse::<http::Uri>().ok()?);
        let fault = match target {
            Target::Direct => None,
            Target::Callback | Target::Subscription(_) => self.state.faults.for_attempt(target.name()),
        };
        let body = self.body(send.number, fault.as_ref(), at)?;
        let headers = self.headers(send.number, &body, fault.as_ref(), at)?;
        let mut request = Request::new(body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers.clone();
        let manner = match &fault {
            Some(DeliveryFault::SlowBody { chunk, pause_seconds }) => {
                Manner::Slow { chunk: *chunk, pause: seconds(*pause_seconds) }
            }
            Some(_) | None => Manner::Plain,
        };
        let attempt = Attempt {
            of_ladder: send.of_ladder,
            sent_at: at.now,
            wall: at.wall,
            fault: fault.as_ref().and_then(kind),
            headers,
            body,
            ended: None,
        };
        let delivery = self.state.outbox.started(send.number, attempt);
        Some(Outgoing {
            delivery,
            request,
            timeout: seconds(self.state.knobs.delivery_timeout_seconds),
            manner,
        })
    }

    /// The body of the next attempt; events are built at send time (contract 6.1).
    fn body(&self, number: u64, fault: Option<&DeliveryFault>, at: Moment) -> Option<Bytes> {
        let delivery = self.state.outbox.get(number)?;
        if let Content::Chosen { body, .. } = &delivery.content {
            return Some(body.clone());
        }
        let (event_type, _) = delivery.content.event()?;
        let knobs = &self.state.knobs;
        let rebuilt = knobs.rebuilt_body || matches!(fault, Some(DeliveryFault::RebuiltBody));
        let shape = Shape {
            event_type: knobs.event_type && !matches!(fault, Some(DeliveryFault::NoEventType)),
            envelope: knobs.data_envelope || matches!(fault, Some(DeliveryFault::DataEnvelope)),
            turned: if rebuilt { delivery.attempts.len() + 1 } else { 0 },
            padded_to: match fault {
                Some(DeliveryFault::OversizedBody { bytes }) => *bytes,
                Some(_) | None => 0,
            },
        };
        Some(event::body(event_type, self.fields(&delivery.content, at)?, shape))
    }

    /// What an event says at this moment.
    fn fields(&self, content: &Content, at: Moment) -> Option<event::Fields> {
        match content {
            Content::NewExport(id) => {
                let export = self.state.exports.get(*id)?;
                Some(event::new_export(export, &self.archive_url(export, at)))
            }
            Content::NewBanner(id, version) => self.banner_fields(*id, *version, at),
            Content::NewBannerBatch(id) => Some(self.batch(self.state.generations.get(*id)?, at)),
            Content::TemplateStatus { design, status, since } => {
                let design = self.state.workspace.designs.ever(*design)?;
                Some(event::template_status(design, status, *since))
            }
            Content::Chosen { .. } => None,
        }
    }

    fn headers(
        &mut self,
        number: u64,
        body: &[u8],
        fault: Option<&DeliveryFault>,
        at: Moment,
    ) -> Option<HeaderMap> {
        let (signing, chosen) = match &self.state.outbox.get(number)?.content {
            Content::Chosen { headers, signing, .. } => (signing.clone(), headers.clone()),
            Content::NewExport(_)
            | Content::NewBanner(..)
            | Content::NewBannerBatch(_)
            | Content::TemplateStatus { .. } => (Signing::Workspace, Vec::new()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !matches!(fault, Some(DeliveryFault::MissingHeaders)) {
            let delivery_id = &self.state.outbox.get(number)?.delivery_id;
            headers.insert(DELIVERY_ID, HeaderValue::from_str(delivery_id).ok()?);
            if let Some(signature) = self.signature(signing, body, fault, at) {
                headers.insert(SIGNATURE, HeaderValue::from_str(&signature).ok()?);
            }
        }
        // What a test chose wins over what the provider would send.
        for (name, value) in chosen {
            headers.insert(name, value);
        }
        Some(headers)
    }

    /// The signature header, or none while the workspace has no secret (contract 6.5).
    fn signature(
        &mut self,
        signing: Signing,
        body: &[u8],
        fault: Option<&DeliveryFault>,
        at: Moment,
    ) -> Option<String> {
        let t = at.wall.unix_timestamp().saturating_add(self.state.knobs.signature_skew_seconds);
        let cache = time::Duration::seconds_f64(self.state.knobs.secret_cache_seconds);
        let (secrets, t) = match signing {
            Signing::None => return None,
            Signing::With { secrets, t: chosen } => (secrets, chosen.unwrap_or(t)),
            Signing::Workspace => (self.secrets.signing(at.now, cache), t),
        };
        match fault {
            Some(DeliveryFault::Unsigned) => None,
            Some(DeliveryFault::ForgedSignature) => Some(format!("t={t},v1={}", "0".repeat(64))),
            Some(DeliveryFault::WrongSecret) => {
                Some(signature::header(&[self.draw.secret(u64::MAX)], t, body))
            }
            Some(_) | None if secrets.is_empty() => None,
            Some(DeliveryFault::StaleTime { seconds }) => {
                Some(signature::header(&secrets, t.saturating_sub(*seconds), body))
            }
            Some(_) | None => Some(signature::header(&secrets, t, body)),
        }
    }
}

/// The name of a fault, for the log.
fn kind(fault: &DeliveryFault) -> Option<String> {
    let fault = serde_json::to_value(fault).ok()?;
    fault.get("kind")?.as_str().map(str::to_owned)
}
