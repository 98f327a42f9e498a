//! Paths and patterns: from what a manifest writes to what holds from the project's root.

use super::common::Context;
use super::node::Node;
use super::problems::Problems;
use crate::base::{Place, RelPath, glob};
use crate::model::{Part, Pattern, Scope, Text};

impl Problems {
    /// Lowers a path or glob of this package to one that is relative to the root.
    pub(super) fn path(&mut self, context: &Context, text: &str, place: &Place) -> Text {
        let filled = self.fill(context, text, place);
        self.rooted(context, filled, place)
    }

    /// As `path`, for what is matched.
    pub(super) fn pattern(&mut self, context: &Context, text: &str, place: &Place) -> Text {
        let filled = context.scopes.fill_pattern(text);
        let filled = self.taken(filled, text, place);
        self.rooted(context, filled, place)
    }

    fn rooted(&mut self, context: &Context, filled: Text, place: &Place) -> Text {
        if filled.as_literal() == Some("") {
            self.say("manifest/wrong_path", place, "the path is empty", "write `.` for the folder of this manifest");
            return filled;
        }
        let Some(literal) = filled.as_literal() else {
            return self.rooted_open(context, &filled, place);
        };
        if context.package.is_root()
            && RelPath::fold(literal).is_ok_and(|path| path == literal && !path.is_empty())
            && !glob::is_glob(literal)
        {
            return filled;
        }
        match RelPath::parse_in(&context.package, literal.as_bytes()) {
            Ok(path) if path.as_bytes() == literal.as_bytes() && !path.is_root() && !glob::is_glob(literal) => filled,
            Ok(path) => {
                let folder = literal.ends_with('/') || literal.ends_with("/.") || literal == ".";
                let text = if path.is_root() { String::from("./") } else { format!("{path}{}", if folder { "/" } else { "" }) };
                if glob::is_glob(&text)
                    && let Err(error) = glob::Glob::new(text.trim_end_matches('/'))
                {
                    self.say(
                        "manifest/wrong_glob",
                        place,
                        format!("`{literal}` is no pattern: {error}"),
                        "escape special characters with a backslash",
                    );
                }
                Text::literal(text)
            }
            Err(error) => {
                self.say(
                    "manifest/wrong_path",
                    place,
                    format!("the path `{literal}`: {error}"),
                    "name a path inside the project, relative to this manifest's folder",
                );
                filled
            }
        }
    }

    /// A path with holes: what stands before the first hole is folded, what stands behind it must not go up.
    fn rooted_open(&mut self, context: &Context, filled: &Text, place: &Place) -> Text {
        for scope in [Scope::Run, Scope::Port] {
            let Some(name) = filled.holes(scope).next() else { continue };
            let message = format!("a path cannot hold `{{{{{}.{name}}}}}`, which is another one in each run", scope.word());
            self.say("manifest/wrong_path", place, message, "name a file that is the same in each run; commands may use it as they like");
        }
        let (first, rest) = match filled.parts() {
            [Part::Literal(first), rest @ ..] => (&**first, rest),
            parts => ("", parts),
        };
        let (folder, name) = first.rfind('/').map_or(("", first), |slash| first.split_at(slash + 1));
        let up = rest.iter().any(|part| matches!(part, Part::Literal(text) if text.split('/').any(|part| part == "..")));
        let folder = RelPath::parse_in(&context.package, folder.as_bytes()).map_err(|error| error.to_string());
        let folder = folder.and_then(|folder| if up || name == ".." { Err(String::from("`..` stands beside a hole")) } else { Ok(folder) });
        match folder {
            Ok(folder) => {
                let prefix = if folder.is_root() { name.to_owned() } else { format!("{folder}/{name}") };
                Text::from_parts(std::iter::once(Part::Literal(prefix.into())).chain(rest.iter().cloned()))
            }
            Err(error) => {
                let help = "name a path inside the project, relative to this manifest's folder";
                self.say("manifest/wrong_path", place, format!("the path `{filled}`: {error}"), help);
                filled.clone()
            }
        }
    }

    pub(super) fn patterns(&mut self, node: &Node, context: &Context) -> Vec<Pattern> {
        self.leaf(node, &[]);
        let texts = self.words(node);
        texts
            .into_iter()
            .map(|(text, place)| {
                let (negated, text) = text.strip_prefix('!').map_or((false, text), |text| (true, text));
                Pattern { text: self.pattern(context, text, place), negated, place: place.clone() }
            })
            .collect()
    }
}
