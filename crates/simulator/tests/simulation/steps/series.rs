//! What can be done to a series.

use crate::chance::Chance;
use crate::steps::Plan;

pub(super) fn add_to(plan: &mut Plan) {
    let _chance = Chance::new(plan.seed, 3);
}
