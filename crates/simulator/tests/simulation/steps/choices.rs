//! What a person says and chooses in the app, and gives and takes at a service.

use crate::chance::Chance;
use crate::steps::Plan;

pub(super) fn add_to(plan: &mut Plan) {
    let _chance = Chance::new(plan.seed, 2);
}
