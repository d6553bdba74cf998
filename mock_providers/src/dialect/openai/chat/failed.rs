//! Failures inside a success: what gateways answer after the model behind them had accepted a call.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{head, usage};
use super::stream::DONE;
use crate::dialect::openai::vendor::{Vendor, vendor};
use crate::dialect::{Complaint, Script};
use crate::fault::{ErrorIn200, ErrorKind};

/// What failed where the vendor's finish reason does not say so.
const NATIVE: &str = "network_error";

/// The failure as a whole plain body.
pub(in crate::dialect) fn failed(script: &Script, kind: ErrorKind, form: ErrorIn200) -> String {
    let vendor = vendor(script.dialect);
    if form == ErrorIn200::Body {
        return vendor.inside(&Complaint::usual(script.dialect, kind), &script.id);
    }
    let mut out = String::new();
    head(vendor, script, "chat.completion", &mut out);
    out.push_str(",\"choices\":");
    choices("message", form, &mut out);
    if form != ErrorIn200::FinishReason {
        push_error(vendor, script, kind, &mut out);
    }
    out.push(',');
    usage(vendor, script, 0, &mut out);
    vendor.push_top(script, &mut out);
    out.push('}');
    out
}

/// The failure in a stream, up to its end.
pub(in crate::dialect) fn fail(script: &Script, kind: ErrorKind, form: ErrorIn200, out: &mut String) {
    out.push_str(&script.prefix);
    choices("delta", form, out);
    if form != ErrorIn200::FinishReason {
        push_error(vendor(script.dialect), script, kind, out);
    }
    out.push_str("}\n\n");
    out.push_str(DONE);
}

fn choices(said: &str, form: ErrorIn200, out: &mut String) {
    let (finish, native) = match form {
        ErrorIn200::Chunk => ("error", "error"),
        ErrorIn200::FinishReason => ("stop", NATIVE),
        ErrorIn200::BareChunk | ErrorIn200::Body => return out.push_str("[]"),
    };
    out.push_str(&format!(
        "[{{\"index\":0,\"{said}\":{{\"role\":\"assistant\",\"content\":\"\"}},\"finish_reason\":\"{finish}\",\
         \"native_finish_reason\":\"{native}\"}}]"
    ));
}

/// `,"error":…`: what the vendor's own error body has there, or all of it where it is flat.
fn push_error(vendor: &dyn Vendor, script: &Script, kind: ErrorKind, out: &mut String) {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    let body = vendor.inside(&Complaint::usual(script.dialect, kind), &script.id);
    let error = serde_json::from_str::<Body<'_>>(&body).ok().and_then(|body| body.error);
    out.push_str(",\"error\":");
    out.push_str(error.map_or(&body, |error| error.get()));
}
