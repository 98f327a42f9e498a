//! Which of the ready tasks matter most.

use super::Plan;

/// Returns, for each step, the length of the longest chain of durations that begins with it: what cannot be done sooner than that.
///
/// `durations` holds one number for each step, in any unit; what was never run counts as `unknown`, the same for all, so that without
/// history the number of tasks behind a task decides.
pub fn critical_paths(plan: &Plan, durations: &[Option<f32>], unknown: f32) -> Vec<f32> {
    let mut paths = vec![0.0f32; plan.len()];
    for step in plan.steps().rev() {
        let longest = plan.waiting(step).iter().map(|later| paths[later.index()]).fold(0.0, f32::max);
        paths[step.index()] = longest + durations[step.index()].unwrap_or(unknown);
    }
    paths
}
