//! OpenAI's embeddings: `POST /v1/embeddings`.

mod read;
mod write;

#[cfg(test)]
pub(super) use read::read;

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::oneshot;

use super::converse::{Asked, Entered};
use super::error::{Fault, Vendor};
use super::writer::{self, respond};
use super::{Body, refuse};
use crate::chat::{Failure, FailureClass};
use crate::router::Router;
use crate::router::relay::embed::{self, Embedded};
use crate::router::relay::{Job, Work};
use crate::router::trail::Trailed;

impl Router {
    /// Serves a request for embeddings.
    pub(super) async fn embed(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let entered = match self.enter(request).await {
            Ok(entered) => entered,
            Err((id, failure)) => return refuse(Vendor::OpenAi, &id, failure.caller_status(), &failure),
        };
        let id = entered.id.clone();
        let read = read::read(&entered.body).and_then(|mut request| {
            let asked = entered.ask(&request.model, request.user.as_deref(), &mut request.extra)?;
            Ok((request, asked))
        });
        let (request, asked) = match read {
            Ok(read) => read,
            Err(failure) => return refuse(Vendor::OpenAi, &id, failure.caller_status(), &failure),
        };
        let Asked { ask, addressed } = asked;
        let Entered { live, slot, received, .. } = entered;
        let format = request.encoding_format;
        let work = Work::Embed(Arc::new(request));
        let job = Job::new(Arc::clone(self), live, &addressed, ask, id.clone(), received, work);
        let (sender, answer) = oneshot::channel();
        tokio::spawn(Box::pin(async move {
            let _slot = slot;
            embed::run(job, sender).await;
        }));
        let mut response = match answer.await {
            Ok(Embedded::Served(reply, told)) => {
                respond(Vendor::OpenAi, &id, &told, write::body(&reply, format, &told))
            }
            Ok(Embedded::Failed(status, failure, message, told)) => {
                let fault =
                    Fault { request_id: &id, status, failure: &failure, message: &message, told: &told };
                writer::error(Vendor::OpenAi, &fault)
            }
            Err(_) => {
                let failure = Failure::new(FailureClass::ServerError, "the router is shutting down");
                return refuse(Vendor::OpenAi, &id, 503, &failure);
            }
        };
        response.extensions_mut().insert(Trailed);
        response
    }
}
