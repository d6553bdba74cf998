//! What a provider's failure may be taken for.
//!
//! The ledger says what a provider meant; vendors say the same thing in words that overlap (a 429 may be a rate, a quota or a
//! crowd), so a kind allows more than one class. A limit of the router's own may end an attempt before it has read anything.

use crate::chat::FailureClass;
use crate::history::Call;
use mock_providers::fault::ErrorKind;

/// Whether the failure of a call may be taken for `class`. Where several faults fired at once the last word is nobody's.
pub(crate) fn means(call: &Call, class: FailureClass) -> bool {
    use FailureClass as C;
    let Some(kind) = call.failure.filter(|_| call.faults.len() <= 1) else { return true };
    if matches!(class, C::Timeout(_) | C::Unreachable) {
        return true;
    }
    let allowed: &[FailureClass] = match kind {
        ErrorKind::RateLimited
        | ErrorKind::TokensLimited
        | ErrorKind::BudgetInFlight
        | ErrorKind::QuotaExhausted => &[C::RateLimited, C::QuotaExhausted, C::Overloaded],
        ErrorKind::Overloaded => &[C::Overloaded, C::RateLimited],
        ErrorKind::ServerError | ErrorKind::BadGateway | ErrorKind::Timeout => {
            &[C::ServerError, C::Overloaded]
        }
        ErrorKind::Unauthorized | ErrorKind::Forbidden => &[C::Unauthorized],
        ErrorKind::NotFound => &[C::NotFound],
        // Some vendors say of a filter no more than that the request was bad; what it cuts may be half a tool call.
        ErrorKind::ContentFilter => &[C::Refused, C::Empty, C::InvalidRequest, C::InvalidOutput],
        ErrorKind::ContextExceeded => &[C::ContextExceeded, C::InvalidRequest],
        // A plain 400 may say anything: an empty account, a bad key, a filter.
        ErrorKind::InvalidRequest => &[
            C::InvalidRequest,
            C::ContextExceeded,
            C::Refused,
            C::QuotaExhausted,
            C::Unauthorized,
            C::NotFound,
        ],
        _ => return true,
    };
    allowed.contains(&class)
}

/// A kind's name, as ledgers write it.
pub(crate) fn name(kind: Option<ErrorKind>) -> String {
    let name = kind.and_then(|kind| serde_json::to_value(kind).ok());
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_else(|| "a failure".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testkit::failed_over;

    #[test]
    fn a_kind_allows_the_classes_that_vendors_say_it_as() {
        let call = |kind| Call { failure: Some(kind), ..failed_over(0).calls[0].clone() };
        let limited = call(ErrorKind::RateLimited);
        assert!(means(&limited, FailureClass::RateLimited) && means(&limited, FailureClass::QuotaExhausted));
        assert!(!means(&limited, FailureClass::ServerError));
        assert!(means(&call(ErrorKind::NotFound), FailureClass::NotFound));
        assert!(!means(&call(ErrorKind::NotFound), FailureClass::InvalidRequest));
        // A filter that strikes inside a call leaves arguments that do not parse.
        assert!(means(&call(ErrorKind::ContentFilter), FailureClass::InvalidOutput));
        assert!(!means(&call(ErrorKind::ContentFilter), FailureClass::Truncated));
        // A limit of the router's own may have been first.
        assert!(means(&limited, FailureClass::Timeout(crate::chat::Limit::Total)));
        assert_eq!(name(Some(ErrorKind::QuotaExhausted)), "quota_exhausted");
    }

    #[test]
    fn every_kind_has_a_class_of_its_own_and_is_not_just_anything() {
        for (kind, class, not) in [
            (ErrorKind::TokensLimited, FailureClass::RateLimited, FailureClass::NotFound),
            (ErrorKind::BudgetInFlight, FailureClass::RateLimited, FailureClass::NotFound),
            (ErrorKind::QuotaExhausted, FailureClass::QuotaExhausted, FailureClass::NotFound),
            (ErrorKind::Overloaded, FailureClass::Overloaded, FailureClass::NotFound),
            (ErrorKind::ServerError, FailureClass::ServerError, FailureClass::NotFound),
            (ErrorKind::BadGateway, FailureClass::ServerError, FailureClass::NotFound),
            (ErrorKind::Timeout, FailureClass::ServerError, FailureClass::NotFound),
            (ErrorKind::Unauthorized, FailureClass::Unauthorized, FailureClass::RateLimited),
            (ErrorKind::Forbidden, FailureClass::Unauthorized, FailureClass::RateLimited),
            (ErrorKind::ContentFilter, FailureClass::Refused, FailureClass::RateLimited),
            (ErrorKind::ContextExceeded, FailureClass::ContextExceeded, FailureClass::RateLimited),
            (ErrorKind::InvalidRequest, FailureClass::InvalidRequest, FailureClass::RateLimited),
        ] {
            let call = Call { failure: Some(kind), ..failed_over(0).calls[0].clone() };
            assert!(means(&call, class), "{kind:?}");
            assert!(!means(&call, not), "{kind:?}");
        }
    }

    #[test]
    fn what_no_fault_or_several_were_behind_is_left_open() {
        let mut call = failed_over(0).calls[0].clone();
        call.faults.push("second".to_owned());
        assert!(means(&call, FailureClass::NotFound));
        call.failure = None;
        assert!(means(&call, FailureClass::NotFound));
    }
}
