//! A tower service as a target: whatever axum, tower or hyper serves.

use bytes::Bytes;
use http::{Request as HttpRequest, Response};
use http_body_util::Full;
use tower_service::Service;

use super::{Error, Reply, Request, Target};

/// A [`Service`] of HTTP requests, as a target.
#[derive(Clone, Debug)]
pub struct Tower<S>(S);

/// Makes a target of a service of HTTP requests: an axum router, a stack of tower's layers. Every request gets a clone of it, so
/// what they share it has to share by itself, as services do.
pub fn service<S>(service: S) -> Tower<S> {
    Tower(service)
}

impl<S, B> Target for Tower<S>
where
    S: Service<HttpRequest<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Error>,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        let mut service = self.0.clone();
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
        service.call(request.into_http()).await.map(Reply::new).map_err(Into::into)
    }
}
