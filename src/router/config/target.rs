//! Targets: what an attempt is really sent to.
//!
//! A route speaks of models. A model has one deployment or several (the same weights at another provider or in another
//! region), and a provider may be asked with several keys. One deployment with one key is a *target*: health,
//! in-flight calls and limits are known per target, because a key's quota says nothing about another key.

use indexmap::IndexMap;

use super::{Model, ModelIx, Provider};

/// Index of a target in [`super::Config::targets`].
pub type TargetIx = usize;

/// One deployment of a model, asked with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Unique name: the model's where it has one target; else with what tells it apart, as in `gpt@azure/key-2`.
    pub name: String,
    /// The model.
    pub model: ModelIx,
    /// Index of the deployment in [`Model::deployments`].
    pub deployment: usize,
    /// Index in [`super::Config::providers`].
    pub provider: usize,
    /// The provider's id for the model.
    pub upstream: String,
    /// Index in [`Provider::keys`]; none where the provider wants no credential.
    pub key: Option<usize>,
    /// Share of the traffic, beside the other targets of its model.
    pub weight: u32,
}

/// Every target of `models`, in the order of models, their deployments and the providers' keys.
pub(super) fn targets(
    providers: &IndexMap<String, Provider>,
    models: &IndexMap<String, Model>,
) -> Vec<Target> {
    let mut targets = Vec::new();
    for (model_ix, model) in models.values().enumerate() {
        let several = model.deployments.len() > 1;
        for (deployment_ix, deployment) in model.deployments.iter().enumerate() {
            let Some((at, provider)) = providers.get_index(deployment.provider) else { continue };
            let keys: Vec<Option<usize>> = match provider.keys.len() {
                0 => vec![None],
                count => (0..count).map(Some).collect(),
            };
            for key in &keys {
                let mut name = model.name.clone();
                if several {
                    name.push_str(&format!("@{at}"));
                    let twins =
                        model.deployments.iter().filter(|other| other.provider == deployment.provider);
                    if twins.count() > 1 {
                        name.push_str(&format!(":{}", deployment.upstream));
                    }
                }
                if let (Some(key), true) = (key, keys.len() > 1) {
                    name.push_str(&format!("/{}", provider.keys[*key].name));
                }
                targets.push(Target {
                    name,
                    model: model_ix,
                    deployment: deployment_ix,
                    provider: deployment.provider,
                    upstream: deployment.upstream.clone(),
                    key: *key,
                    weight: deployment.weight,
                });
            }
        }
    }
    targets
}
