//! A chat's way in: let in, read, addressed, handed to the relay; whatever face it came by.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value};

use super::face::{Face, Read, invalid};
use super::intake::Slot;
use super::{Body, Writer, messages, plain, refuse};
use crate::chat::{Failure, FailureClass};
use crate::router::ask::{Addressed, Ask, address};
use crate::router::relay::{self, Downstream};
use crate::router::tenant::tenant_of;
use crate::router::{Live, Router};
use crate::world::Moment;

/// Longest correlation id taken from a caller.
const MAX_ID_BYTES: usize = 128;

/// A request that was let in, with its body.
pub(super) struct Entered {
    pub(super) id: String,
    pub(super) parts: Parts,
    pub(super) live: Arc<Live>,
    pub(super) slot: Slot,
    /// When all of it had arrived: the deadline runs from here, for how long a caller takes to send is no provider's
    /// fault.
    pub(super) received: Moment,
    pub(super) body: Bytes,
}

/// Where a request goes, and what its caller asks beside it.
pub(super) struct Asked {
    pub(super) ask: Ask,
    pub(super) addressed: Addressed,
}

impl Router {
    /// Serves a chat.
    pub(super) async fn converse(self: &Arc<Self>, face: Face, request: Request<Incoming>) -> Response<Body> {
        let vendor = face.vendor();
        let entered = match self.enter(request).await {
            Ok(entered) => entered,
            Err((id, failure)) => return refuse(vendor, &id, failure.caller_status(), &failure),
        };
        let id = entered.id.clone();
        let read = face.read(&entered.body).and_then(|mut read| {
            let asked =
                entered.ask(&read.request.model, read.request.user.as_deref(), &mut read.request.extra)?;
            Ok((read, asked))
        });
        let (Read { request, shape }, Asked { ask, addressed }) = match read {
            Ok(read) => read,
            Err(failure) => return refuse(vendor, &id, failure.caller_status(), &failure),
        };
        let Entered { live, slot, received, .. } = entered;
        let created = self.clock().wall_us(received).div_euclid(1_000_000);
        let writer = Writer::new(shape, id.clone(), created, request.stream);
        let (downstream, answer) = Downstream::new(writer);
        let work = relay::Work::Chat(Arc::new(request));
        let job = relay::Job::new(Arc::clone(self), live, &addressed, ask, id.clone(), received, work);
        // A task of its own, so that a request's end is recorded whatever becomes of its connection. Boxed at
        // once: some kilobytes that would otherwise move six times on their way into the task and out of it.
        tokio::spawn(Box::pin(async move {
            let _slot = slot;
            relay::run(job, downstream).await;
        }));
        answer.await.unwrap_or_else(|_| {
            let failure = Failure::new(FailureClass::ServerError, "the router is shutting down");
            refuse(vendor, &id, 503, &failure)
        })
    }

    /// Estimates the tokens of a chat.
    pub(super) async fn count(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let vendor = Face::Messages.vendor();
        let counted = match self.enter(request).await {
            Ok(entered) => messages::count(&entered.body).map_err(|failure| (entered.id, failure)),
            Err(refused) => Err(refused),
        };
        match counted {
            Ok(tokens) => plain(StatusCode::OK, format!(r#"{{"input_tokens":{tokens}}}"#)),
            Err((id, failure)) => refuse(vendor, &id, failure.caller_status(), &failure),
        }
    }

    /// Lets a request in and reads its body; else says why not, with the request's id.
    pub(super) async fn enter(&self, request: Request<Incoming>) -> Result<Entered, (String, Failure)> {
        let (parts, body) = request.into_parts();
        let id = correlation_id(&parts.headers).unwrap_or_else(|| self.next_id());
        let gate = self.gate();
        let slot = match gate.admit(self.clock()).await {
            Ok(slot) => slot,
            Err(failure) => return Err((id, failure)),
        };
        match self.read_body(body, gate.intake()).await {
            Ok(body) => {
                Ok(Entered { id, parts, live: self.live(), slot, received: self.clock().now(), body })
            }
            Err(failure) => Err((id, failure)),
        }
    }

    async fn read_body(&self, body: Incoming, intake: &super::Intake) -> Result<Bytes, Failure> {
        let until = self.clock().instant(self.clock().now() + intake.read_timeout);
        let whole = tokio::time::timeout_at(until, Limited::new(body, intake.max_body).collect());
        match whole.await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let message = format!("the body is larger than {} bytes", intake.max_body);
                Err(Failure { status: Some(413), ..invalid(message) })
            }
            Ok(Err(error)) => Err(invalid(format!("the body could not be read: {error}"))),
            Err(_) => Err(Failure { status: Some(408), ..invalid("the body did not arrive in time") }),
        }
    }
}

impl Entered {
    /// What the caller asks beside its request for `model`, and whom it addresses by it. What is asked in the body's
    /// `extra` fields is taken out of them.
    pub(super) fn ask(
        &self,
        model: &str,
        user: Option<&str>,
        extra: &mut Map<String, Value>,
    ) -> Result<Asked, Failure> {
        let config = &self.live.config;
        let mut ask = Ask::take(&self.parts.headers, extra, &config.callers)?;
        // The end user's name is a tenant's where one has it; a name in the header must be one.
        let user = user.filter(|user| config.tenants.contains_key(*user));
        let named = ask.tenant.as_deref().or(user);
        ask.tenant = tenant_of(config, &self.parts.headers, named)?.map(|tenant| tenant.name.clone());
        let addressed = address(config, model, &ask, &config.callers)?;
        Ok(Asked { ask, addressed })
    }
}

/// The caller's `x-request-id`, when it is one that may travel on.
fn correlation_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let fit = !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
    fit.then(|| id.to_owned())
}
