//! A fallback router that is not Brownout's: tower's `Retry` and `Timeout` around each model, one model after the other.
//!
//! There is a careful one, and four that look much the same and each make a mistake that is easily made.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use brownout::testing::{Error, Model, Reply, Request, Target, Upstreams};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming};
use tokio::time::{Sleep, sleep};
use tower::retry::Policy;
use tower::{Service, ServiceBuilder, ServiceExt};

/// How long one model is waited for, up to the head of its answer.
pub(crate) const HEAD: Duration = Duration::from_secs(5);

/// How often one model is asked again.
pub(crate) const REPEATS: u32 = 1;

/// The pause before that, where the provider does not ask for another one.
const PAUSE: Duration = Duration::from_millis(500);

/// Whoever asks for a longer one is left alone, and the next model is asked.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What the router does differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Nothing: it is careful.
    Careful,
    /// The time is watched until the head of an answer is there, as `Timeout` does. What comes after may take for ever.
    HeadOnly,
    /// Whoever says 429 or 5xx is asked again at once.
    Impatient,
    /// Every stream gets a proper end, whatever has become of it.
    Tidy,
    /// Requests are served by tasks of their own, which go on when their callers have left.
    Detached,
}

/// The router.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    upstreams: Upstreams,
    habit: Habit,
}

impl Router {
    pub(crate) fn new(upstreams: Upstreams, habit: Habit) -> Router {
        Router { upstreams, habit }
    }

    /// The first answer that is no error, or the last error.
    async fn first_good(self, request: Request) -> Reply {
        let mut last = Reply::error(503, "there is no model");
        for model in self.upstreams.models() {
            let ask = Ask { upstreams: self.upstreams.clone(), model: model.clone() };
            let again = Again { left: REPEATS, habit: self.habit };
            let model = ServiceBuilder::new().retry(again).timeout(HEAD).service(ask);
            match model.oneshot(request.clone()).await {
                Ok(response) if response.status().is_success() => return Reply::new(response),
                Ok(response) => last = Reply::new(response),
                Err(error) => last = Reply::error(502, &error.to_string()),
            }
        }
        last
    }
}

impl Target for Router {
    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        let mut by = Box::pin(sleep(self.upstreams.declared().deadline));
        let streams = request.wants_stream();
        let work = self.clone().first_good(request);
        let reply = async {
            match self.habit {
                Habit::Detached => tokio::spawn(work).await.map_err(Error::from),
                _ => Ok(work.await),
            }
        };
        let reply = tokio::select! {
            reply = reply => reply?,
            () = &mut by => return Ok(Reply::error(504, "the time is up")),
        };
        let success = reply.status().is_success();
        let end = match self.habit {
            Habit::HeadOnly => return Ok(reply),
            Habit::Tidy if streams && success => Some("data: [DONE]\n\n"),
            _ => None,
        };
        Ok(Reply::new(reply.into_http().map(|body| Bounded { body, by, end, over: false })))
    }
}

/// One model, as a service.
#[derive(Clone)]
struct Ask {
    upstreams: Upstreams,
    model: Model,
}

impl Service<Request> for Ask {
    type Response = Response<Incoming>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Ask { upstreams, model } = self.clone();
        Box::pin(async move { upstreams.ask(&model, &request).await })
    }
}

/// When a model is asked again.
#[derive(Clone)]
struct Again {
    left: u32,
    habit: Habit,
}

impl Policy<Request, Response<Incoming>, Error> for Again {
    type Future = Sleep;

    fn retry(&mut self, _: &mut Request, result: &mut Result<Response<Incoming>, Error>) -> Option<Sleep> {
        self.left = self.left.checked_sub(1)?;
        let response = result.as_ref().ok()?;
        let broken = response.status().is_server_error();
        if self.habit == Habit::Impatient {
            let again = broken || response.status() == StatusCode::TOO_MANY_REQUESTS;
            return again.then(|| sleep(Duration::ZERO));
        }
        // A rate limit has nothing to do with the next model, so that one is asked at once; so it is instead of a long wait.
        let pause = wish(response.headers())?;
        (broken && pause <= LONGEST_PAUSE).then(|| sleep(pause))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

/// The pause a provider asks for, or the usual one; none if it is said in a way that is not understood.
fn wish(headers: &HeaderMap) -> Option<Duration> {
    if headers.contains_key("retry-after-ms") {
        return None;
    }
    let Some(said) = headers.get("retry-after") else { return Some(PAUSE) };
    said.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// A body that is over when the time is.
struct Bounded<B> {
    body: B,
    by: Pin<Box<Sleep>>,
    /// Said at the end, whatever it was.
    end: Option<&'static str>,
    over: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Bounded<B>
where
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => return Poll::Ready(Some(Ok(frame))),
            Poll::Ready(last) => {
                self.over = true;
                return Poll::Ready(match self.end.take() {
                    Some(end) => Some(Ok(Frame::data(end.into()))),
                    None => last.map(|frame| frame.map_err(Into::into)),
                });
            }
            Poll::Pending => {}
        }
        // The connection is broken off: nothing that could still be said would be believed.
        self.by.as_mut().poll(cx).map(|()| {
            self.over = true;
            Some(Err("the time is up".into()))
        })
    }
}
