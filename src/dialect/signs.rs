//! Vendors' codes, types and reasons: what each means wherever it stands.

use crate::chat::FailureClass;

/// Codes and types that name one cause, whatever the status.
pub(super) fn cause(sign: &str, message: &str) -> Option<FailureClass> {
    let class = match sign {
        // DashScope's `insufficient_quota` with these words is tokens per minute.
        "insufficient_quota" if message.contains("allocated quota exceeded") && !message.contains("free") => {
            FailureClass::RateLimited
        }
        "in_flight_budget_exhausted" | "openrouter_in_flight_budget" => FailureClass::RateLimited,
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "usage_limit_reached"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "payment_required"
        | "enforced_spend_limit_reached"
        | "contract_spend_limit_reached"
        | "linked_organization_spend_limit_reached"
        | "linked_organization_billing_unavailable"
        | "weight_exceeds_budget"
        | "Arrearage"
        | "AllocationQuota.FreeTierOnly"
        | "BILLING_DISABLED"
        // FastChat's numbers, which old vLLM and Langchain-Chatchat answer with, too.
        | "42902" => FailureClass::QuotaExhausted,
        "context_length_exceeded"
        | "exceed_context_size_error"
        | "max_tokens_exceeded"
        | "token_limit_exceeded"
        | "string_too_long"
        | "model_context_window_exceeded"
        | "40303" => FailureClass::ContextExceeded,
        "content_filter"
        | "ContentFiltered"
        | "content_policy_violation"
        | "data_inspection_failed"
        | "DataInspectionFailed"
        | "ResponsibleAIPolicyViolation"
        | "bio_policy"
        | "misalignment_policy_violation"
        | "image_content_policy_violation"
        | "moderation_blocked"
        | "refusal" => FailureClass::Refused,
        "overloaded_error"
        | "server_is_overloaded"
        | "slow_down"
        | "provider_overloaded"
        | "service_unavailable_error"
        | "unavailable_error"
        | "service_tier_capacity_exceeded"
        | "3505"
        | "42903"
        | "50005"
        | "insufficient_system_resource"
        | "engine_overloaded_error"
        | "MODEL_CAPACITY_EXHAUSTED" => FailureClass::Overloaded,
        "invalid_api_key" | "API_KEY_INVALID" | "API_KEY_EXPIRED" | "organization_on_hold"
        | "account_deactivated" | "40101" | "40102" | "40103" => FailureClass::Unauthorized,
        "model_not_found" | "ModelNotFound" | "DeploymentNotFound" | "unknown_model" | "invalid_model"
        | "40301" => FailureClass::NotFound,
        _ => return None,
    };
    Some(class)
}

/// The status under which a vendor documents a type, for errors that come without one.
pub(super) fn twin_status(sign: &str) -> Option<u16> {
    let status = match sign {
        "invalid_request_error"
        | "invalid_request"
        | "INVALID_ARGUMENT"
        | "FAILED_PRECONDITION"
        | "OUT_OF_RANGE"
        | "BadRequestError"
        | "invalid_prompt"
        | "precondition_failed"
        | "invalid_parameter_error"
        | "unsupported_parameter"
        | "unsupported_value"
        | "invalid_value"
        | "ValidationException"
        | "validationException" => 400,
        "authentication_error"
        | "authentication"
        | "AuthenticationError"
        | "UNAUTHENTICATED"
        | "UnrecognizedClientException" => 401,
        "permission_error"
        | "permission_denied"
        | "PERMISSION_DENIED"
        | "PermissionDeniedError"
        | "request_forbidden"
        | "access_denied"
        | "AccessDeniedException"
        | "unsupported_country_region_territory" => 403,
        "not_found_error" | "not_found" | "NOT_FOUND" | "NotFoundError" | "ResourceNotFoundException" => 404,
        "conflict_error" => 409,
        "request_too_large" | "payload_too_large" => 413,
        "unprocessable" => 422,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "rate_limited"
        | "rate_limit_reached_error"
        | "requests"
        | "tokens"
        | "limit_requests"
        | "ramp_limit_exceeded"
        | "RESOURCE_EXHAUSTED"
        | "RateLimitError"
        | "1300"
        | "42901"
        | "Throttling.RateQuota"
        | "Throttling.AllocationQuota"
        | "Throttling"
        | "ThrottlingException"
        | "throttlingException" => 429,
        "CANCELLED" => 499,
        "server_error"
        | "api_error"
        | "server"
        | "INTERNAL"
        | "UNKNOWN"
        | "InternalServerError"
        | "InternalServerException"
        | "internalServerException"
        | "modelStreamErrorException" => 500,
        "provider_unavailable" => 502,
        "UNAVAILABLE"
        | "ModelServingError"
        | "ServiceUnavailableException"
        | "serviceUnavailableException" => 503,
        "timeout_error" | "timeout" | "DEADLINE_EXCEEDED" | "RequestTimeOut" | "modelTimeoutException" => 504,
        _ => return None,
    };
    Some(status)
}
