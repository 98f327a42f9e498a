//! `release_smoke`: the steps of a release. Each is a target of the graph that the gate needs, so that the gate itself has only to see that they hold.

use super::judge::{Asked, Gap, Judge, Judged, Sight, Unjudged, finding};
use super::settings::{Common, Node, Reader};
use crate::base::Address;
use crate::event::Facts;
use crate::model::{Gate, Setting};

const KIND: &str = "release_smoke";

/// A step of a release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The gate that it is a step of.
    pub gate: Address,
    /// Its name.
    pub name: String,
    /// The target that it is, as the gate names it.
    pub target: String,
}

struct Steps(Vec<Step>);

pub(super) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(&[Node::new("step").open()]);
    for (at, setting) in rest.iter().enumerate() {
        let name = setting.texts().next();
        if name.is_some() && rest[..at].iter().any(|earlier| earlier.texts().next() == name) {
            let message = format!("there is a step `{}` already", name.unwrap_or_default());
            reader.say(&setting.place, message, "leave one of them, or give it another name");
        }
    }
    let steps: Vec<Step> = rest.into_iter().filter_map(|setting| step(reader.gate, setting)).collect();
    if steps.is_empty() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no step", "name one: step \"unit\"");
    }
    (common, Box::new(Steps(steps)))
}

/// Returns the steps of a gate, in their order.
pub fn steps(gate: &Gate) -> Vec<Step> {
    gate.settings.iter().filter(|setting| &*setting.name == "step").filter_map(|setting| step(gate, setting)).collect()
}

fn step(gate: &Gate, setting: &Setting) -> Option<Step> {
    let name = setting.texts().next()?.to_owned();
    let own = gate.address.as_str().rsplit(['/', ':']).next().unwrap_or_default();
    let target = if setting.children.is_empty() { name.clone() } else { format!("{own}.{name}") };
    Some(Step { gate: gate.address.clone(), name, target })
}

impl Step {
    /// Returns its name behind that of its gate, by which steps of several gates are told apart: `GATE.STEP`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.gate.as_str(), self.name)
    }
}

impl Judge for Steps {
    fn judge(&self, sight: &dyn Sight, _: &Asked<'_>) -> Result<Judged, Unjudged> {
        sight.looks_beyond();
        let mut judged = Judged { facts: Facts { files: self.0.len(), ..Facts::default() }, ..Judged::default() };
        for step in &self.0 {
            if let Err(unjudged) = sight.log_of(&step.target) {
                let message = format!("the step `{}` has not passed: {}", step.name, unjudged.text);
                let help = String::from("`orket smoke` runs all steps");
                let finding = finding(&format!("{KIND}/step"), "", 0, 0, message, help, &[&step.name]);
                judged.gaps.push(Gap { finding, empty: false });
            }
        }
        Ok(judged)
    }
}
