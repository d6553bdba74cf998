//! The listing of models.

use super::vendor::Vendor;
use crate::dialect::Complaint;
use crate::dialect::json::string;

/// The list of all models, or the vendor's best known ones when `models` is empty.
pub(in crate::dialect) fn list(vendor: &dyn Vendor, models: &[String]) -> String {
    let known = vendor.known_models().iter().copied().filter(|_| models.is_empty());
    let entries: Vec<String> =
        models.iter().map(String::as_str).chain(known).map(|id| vendor.model(id)).collect();
    format!("{{\"object\":\"list\",\"data\":[{}]}}", entries.join(","))
}

/// One model, where it is served.
pub(in crate::dialect) fn one(vendor: &dyn Vendor, models: &[String], id: &str) -> Result<String, Complaint> {
    if models.is_empty() || models.iter().any(|model| model == id) {
        return Ok(vendor.model(id));
    }
    Err(vendor.unknown_model(id))
}

/// A model's entry; `more` is appended (`,"name":value`).
pub(in crate::dialect) fn entry(id: &str, owner: &str, more: &str) -> String {
    let id = string(id);
    format!("{{\"id\":{id},\"object\":\"model\",\"created\":1715367049,\"owned_by\":\"{owner}\"{more}}}")
}
