//! Gives an answer the manner that faults want: before it, and when its head is known.

use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};

use super::body::Reply;
use super::by_hand::Takeover;
use super::control::Control;
use crate::provider::Manner;

/// What has to be known before the first byte.
pub(super) fn announce(control: &Control, manner: &Manner) {
    let line = control.line();
    line.shape(manner.shape.clone(), control.is_http2());
    line.hang_up(manner.hang_up);
    if manner.goodbye {
        line.close_when_idle();
    }
}

/// Dresses the answer; one that no library would write is written by hand, and never returned.
pub(super) async fn apply(
    control: Arc<Control>,
    mut response: Response<Reply>,
    manner: Manner,
) -> Response<Reply> {
    let headers = response.headers_mut();
    if let Some(media) = manner.content_type {
        headers.insert(CONTENT_TYPE, media);
    }
    if manner.twice {
        let names: Vec<_> = headers.keys().filter(|name| **name != CONTENT_LENGTH).cloned().collect();
        for name in names {
            headers.append(name, HeaderValue::from_static("duplicate"));
        }
    }
    headers.extend(manner.headers.into_iter().map(|(name, value)| (Some(name), value)));
    if let Some(corrupt) = manner.gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.remove(CONTENT_LENGTH);
        if corrupt {
            control.broken();
        }
        response.body_mut().compress(corrupt);
    }
    match manner.by_hand {
        None => response,
        Some(hand) => {
            let answer = Takeover::Answer { control: control.clone(), response: Box::new(response), hand };
            control.line().take_over(answer);
            std::future::pending().await
        }
    }
}
