//! `import`: which manifest of another tool it means, and which epic takes what that declares.

use super::common::Context;
use super::load::Load;
use super::node::Node;
use crate::base::{Address, Place, RelPath};
use crate::model::{EnvRules, Need};

/// A manifest of another tool that takes part in the project; whoever asked for the load reads it.
#[derive(Clone, PartialEq, Debug)]
pub struct Import {
    /// The file, relative to the project's root.
    pub file: RelPath,
    /// The epic that takes what it declares.
    pub epic: Option<Address>,
    /// The package that imports it.
    pub package: RelPath,
    /// What its tasks may see.
    pub env: EnvRules,
    /// What makes files that its tasks read.
    pub needs: Vec<Need>,
    /// Where it is imported.
    pub place: Place,
}

impl Load<'_> {
    pub(super) fn import(&mut self, node: &Node, context: &Context) {
        self.problems.only(node, &["format", "epic"]);
        let path = self.problems.text_of(node);
        let format = self.problems.text_prop(node, "format");
        let epic = self.problems.text_prop(node, "epic");
        let (mut env, mut needs) = (context.env.clone(), Vec::new());
        for child in &node.children {
            match child.name.as_str() {
                "env" => env.extend(self.problems.env(child, context)),
                "needs" => needs.extend(self.problems.needs(child, context)),
                unknown => self.problems.unknown("node", unknown, "`import`", &child.place, &["env", "needs"]),
            }
        }
        let Some((path, path_place)) = path else { return };
        let named = format.clone();
        let format = format.map(|(format, _)| format).or_else(|| path.ends_with(".ninja").then(|| String::from("ninja")));
        if format.as_deref() != Some("ninja") {
            let place = named.map_or_else(|| node.place.clone(), |(_, place)| place);
            let format = format.map_or_else(|| format!("`{path}` is of no format"), |format| format!("`{format}` is no format"));
            let help = "an import reads ninja files: `import \"build/build.ninja\" format=\"ninja\"`";
            self.problems.say("manifest/unknown_format", &place, format!("{format} that orket reads"), help);
            return;
        }
        let file = match RelPath::parse_in(&context.package, path.as_bytes()) {
            Ok(file) => file,
            Err(error) => {
                let message = format!("the path `{path}`: {error}");
                self.problems.say("manifest/wrong_path", &path_place, message, "name a file inside the project");
                return;
            }
        };
        let epic = match epic {
            None => None,
            Some((name, place)) => {
                if let Err(error) = Address::check_name(&name) {
                    self.problems.say("manifest/wrong_name", &place, format!("`{name}`: {error}"), "choose another name");
                    return;
                }
                let address = context.top(&name);
                if !self.declared(&address, &place) {
                    return;
                }
                Some(address)
            }
        };
        self.imports.push(Import { file, epic, package: context.package.clone(), env, needs, place: node.place.clone() });
    }
}
