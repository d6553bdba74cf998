//! OpenAI's interfaces, which most other vendors imitate: [`mod@vendor`] says what each does otherwise.

pub(super) mod chat;
mod check;
mod embeddings;
mod error;
mod models;
pub(super) mod responses;
mod route;
mod vendor;

use http::Method;
use http::request::Parts;

pub(super) use chat::{Body, Field, diagnose};
pub(super) use error::body as error_body;
pub(super) use models::entry as model_entry;
pub(super) use route::{Route, openai as openai_route, standard as standard_route};
pub(super) use vendor::{Finish, UsageAt, Vendor, vendor};

use super::ask::{self, authorised};
use super::{Ask, Asked, Complaint};
use crate::fault::ErrorKind;
use crate::provider::Spec;

/// Reads a request.
pub(super) fn read(spec: &Spec, head: &Parts, body: &[u8], ask: &mut Ask) -> Result<Asked, Complaint> {
    let vendor = vendor(spec.dialect);
    ask.key = vendor.key(head).map(str::to_owned);
    let path = head.uri.path();
    let route = vendor.route(path).ok_or_else(|| vendor.unknown_path(&head.method, path))?;
    ask.aside = matches!(route, Route::Models | Route::Model(_) | Route::Response(_));
    let deletes = matches!(route, Route::Response(_)) && head.method == Method::DELETE;
    if !deletes {
        ask::method(head, if ask.aside { &Method::GET } else { &Method::POST })?;
    }
    if !authorised(spec, ask.key.as_deref()) {
        return Err(Complaint::usual(spec.dialect, ErrorKind::Unauthorized));
    }
    vendor.check_head(head)?;
    match route {
        Route::Models => Ok(Asked::Aside(models::list(vendor, &spec.models))),
        Route::Model(id) => models::one(vendor, &spec.models, &ask::decoded(id)).map(Asked::Aside),
        // Nothing is kept, as with `store: false`.
        Route::Response(id) => {
            let message = format!("Response with id '{id}' not found.");
            Err(Complaint::new(ErrorKind::NotFound, 404, message))
        }
        Route::Embeddings(model) => {
            embeddings::read(spec, vendor, model.map(ask::decoded).as_deref(), body, ask)
        }
        Route::Responses => responses::read(spec, body, ask),
        Route::Chat(model) => chat::read(spec, vendor, model.map(ask::decoded).as_deref(), body, ask),
    }
}
