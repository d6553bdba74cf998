//! What a target finds around it: the models it may ask, and a way to them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mock_providers::dialect::Dialect;
use serde_json::Value;

use super::{Declared, Error, Request};
use crate::run::Around;
use crate::scenario::Scenario;
use crate::world::Connector;

/// A connection that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(30);

/// Names a request, here and in whatever log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The providers of a world, as a router is told of them. Clones are the same.
#[derive(Clone)]
pub struct Upstreams {
    inner: Arc<Inner>,
}

struct Inner {
    models: Vec<Model>,
    declared: Declared,
    connector: Connector,
    client: Client<Connector, Full<Bytes>>,
}

/// A model that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The provider that serves it.
    pub provider: String,
    /// What is spoken there.
    pub dialect: Dialect,
    /// The provider's name for it.
    pub upstream: String,
    /// Scheme, host and path prefix, as for that vendor's SDK; without a slash at the end: `http://p1/v1`.
    pub base_url: String,
    /// The credential, which is this provider's alone.
    pub key: String,
}

impl Upstreams {
    /// What `scenario` says of its only route.
    pub(super) fn new(scenario: &Scenario, declared: Declared, around: &Around) -> Upstreams {
        let config = &around.config;
        let chain = config.routes.values().next().map(|route| route.chain.as_slice()).unwrap_or_default();
        let model = |index: &usize| {
            let model = &config.models[*index];
            let deployment = model.deployments.first()?;
            let (name, provider) = config.providers.get_index(deployment.provider)?;
            Some(Model {
                name: model.name.clone(),
                provider: name.clone(),
                dialect: scenario.providers.get(name)?.dialect,
                upstream: deployment.upstream.clone(),
                base_url: provider.base_url.clone(),
                key: provider.keys.first().map(|key| key.secret.expose().to_owned()).unwrap_or_default(),
            })
        };
        let connector = around.connector.clone().for_either();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(connector.clone());
        let models = chain.iter().filter_map(model).collect();
        Upstreams { inner: Arc::new(Inner { models, declared, connector, client }) }
    }

    /// The models, in the order in which they should be asked.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.inner.models
    }

    /// What the test declares of the target.
    #[must_use]
    pub fn declared(&self) -> &Declared {
        &self.inner.declared
    }

    /// What connects to the providers, for a client of one's own: `hyper_util`'s takes it as it is.
    #[must_use]
    pub fn connector(&self) -> Connector {
        self.inner.connector.clone()
    }

    /// A client with a pool of connections, which all that have these upstreams share.
    #[must_use]
    pub fn client(&self) -> Client<Connector, Full<Bytes>> {
        self.inner.client.clone()
    }

    /// Sends any request to any provider.
    ///
    /// # Errors
    ///
    /// When it reaches nobody, or the connection breaks before there is a status.
    pub async fn send<B: Into<Bytes>>(&self, request: http::Request<B>) -> Result<Response<Incoming>, Error> {
        let request = request.map(|body| Full::new(body.into()));
        self.inner.client.request(request).await.map_err(|error| chained(&error).into())
    }

    /// Asks a model that speaks OpenAI's format what a caller asked. There is no limit on the time it takes.
    ///
    /// # Errors
    ///
    /// As [`Upstreams::send`].
    pub async fn ask(&self, model: &Model, request: &Request) -> Result<Response<Incoming>, Error> {
        self.send(model.request(request)?).await
    }
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { models, declared, .. } = &*self.inner;
        f.debug_struct("Upstreams")
            .field("models", models)
            .field("declared", declared)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// What a caller asked, as this model is asked: with its own name and key, and nothing else changed.
    ///
    /// # Errors
    ///
    /// When the name or the key fits into no request.
    pub fn request(&self, request: &Request) -> Result<http::Request<Bytes>, Error> {
        let mut body = request.json();
        if let Value::Object(fields) = &mut body {
            fields.insert("model".to_owned(), Value::from(self.upstream.as_str()));
        }
        let mut asked = http::Request::post(format!("{}/chat/completions", self.base_url))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", self.key))?);
        if let Some(id) = request.headers().get(REQUEST_ID) {
            asked = asked.header(REQUEST_ID, id);
        }
        Ok(asked.body(Bytes::from(body.to_string()))?)
    }
}

/// An error with what caused it.
fn chained(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |all, cause| format!("{all}: {cause}"))
}
