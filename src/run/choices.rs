//! Decisions: who chose, and where nobody did, which of the conditions hold.
//!
//! Start from [`Choices`].

use std::cell::RefCell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::conditions::{Facts, Look, Looked, Past, Stuck, bare};
use super::fresh::stood_still;
use super::gates::Gates;
use super::look::look;
use crate::base::{Place, TargetId, did_you_mean};
use crate::event::{Origin, Outcome, Sight};
use crate::graph::{Detail, Graph, TargetKind};
use crate::plan::Plan;
use crate::process::Cancel;
use crate::rebuild::{Mode, World};

/// What the names of variables begin with that choose for decisions.
const PREFIX: &str = "ORKET_DECISION_";

/// What a decision came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
    /// What was looked at.
    pub saw: Vec<Sight>,
}

/// A decision as it stands before a run.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Which one.
    pub decision: TargetId,
    /// Its address.
    pub address: String,
    /// What it comes to; `None` where that depends on tasks that have not run, or on a command that was not run, or where it cannot be made.
    pub chosen: Option<String>,
    /// Who says so.
    pub origin: Origin,
    /// Why nothing is chosen.
    pub open: Option<String>,
    /// Whether it cannot be made at all: a run that needs it ends with 2.
    pub wrong: bool,
    /// All values that it may come to, in order.
    pub alternatives: Vec<String>,
    /// Where it was declared.
    pub place: Place,
    /// What was looked at.
    pub saw: Vec<Sight>,
}

/// The decisions of a run: what was said from outside, and what everything else rests on.
pub struct Choices<'a> {
    facts: &'a dyn Facts,
    given: FxHashMap<TargetId, (String, Origin)>,
}

impl<'a> Choices<'a> {
    /// Nobody has said anything.
    #[cfg(test)]
    pub(super) fn of(facts: &'a dyn Facts) -> Choices<'a> {
        Choices { facts, given: FxHashMap::default() }
    }

    /// Takes what was typed, `NAME=VALUE` each, and what the environment says. `package` is where it was typed.
    ///
    /// # Errors
    /// A sentence, when there is no such decision, or it has no such value.
    pub fn new(graph: &Graph, facts: &'a dyn Facts, typed: &[String], package: &str) -> Result<Choices<'a>, String> {
        let mut choices = Choices { facts, given: FxHashMap::default() };
        let all: Vec<TargetId> = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Decision).collect();
        for id in &all {
            let variable = variable(graph.address(*id));
            if let Some(value) = facts.variable(&variable).filter(|value| !value.trim().is_empty()) {
                choices.give(graph, *id, value.trim(), Origin::Environment).map_err(|error| format!("{variable}: {error}"))?;
            }
        }
        for word in typed {
            let Some((name, value)) = word.split_once('=') else {
                return Err(format!("--decide {word}: say which value, as `--decide NAME=VALUE`"));
            };
            let id = named(graph, &all, name.trim(), package).map_err(|error| format!("--decide {word}: {error}"))?;
            if let Some((other, Origin::CommandLine)) = choices.given.get(&id).filter(|(other, _)| *other != value.trim()) {
                return Err(format!("--decide {word}: `{}` was to be `{other}` just before", graph.address(id)));
            }
            if !value.trim().is_empty() {
                choices.give(graph, id, value.trim(), Origin::CommandLine).map_err(|error| format!("--decide {word}: {error}"))?;
            }
        }
        Ok(choices)
    }

    /// Says of each variable that would choose for a decision which it is that is not there.
    pub fn unknown(graph: &Graph, variables: impl Iterator<Item = String>) -> Vec<String> {
        let known: Vec<String> = decisions(graph).into_iter().map(|id| variable(graph.address(id))).collect();
        let unknown = variables.filter(|name| name.starts_with(PREFIX) && !known.contains(name));
        let said = unknown.map(|name| {
            let near = did_you_mean(&name, known.iter().map(String::as_str)).map(|near| format!("; did you mean {near}?"));
            format!("{name} is set, and there is no such decision here{}", near.unwrap_or_default())
        });
        said.collect()
    }

    fn give(&mut self, graph: &Graph, id: TargetId, value: &str, origin: Origin) -> Result<(), String> {
        let Detail::Decision(decision, _) = graph.detail(id) else { return Ok(()) };
        let values = decision.values();
        if !values.contains(&value) {
            let list: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            let near = did_you_mean(value, values.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let (address, place) = (graph.address(id), &decision.place);
            return Err(format!("the decision `{address}` ({place}) is never `{value}`; it is one of {}{near}", list.join(", ")));
        }
        self.given.insert(id, (value.to_owned(), origin));
        Ok(())
    }

    /// Whether somebody chose from outside, so that nothing has to be looked at.
    pub fn is_given(&self, decision: TargetId) -> bool {
        self.given.contains_key(&decision)
    }

    /// Makes a decision. Without `cancel` nothing is executed.
    ///
    /// # Errors
    /// Why it cannot be made, or not yet.
    pub fn choose(&self, graph: &Graph, id: TargetId, past: &Past<'_>, cancel: Option<&Cancel>) -> Result<Choice, Stuck> {
        if let Some((value, origin)) = self.given.get(&id) {
            return Ok(Choice { value: value.clone(), origin: *origin, saw: Vec::new() });
        }
        let Detail::Decision(decision, looks) = graph.detail(id) else {
            return Err(Stuck::Wrong { text: String::from("it is no decision"), hint: String::new(), saw: Vec::new() });
        };
        let look = Look { facts: self.facts, decision: &decision, looks: &looks, past, cancel, graph, saw: RefCell::default() };
        let chosen = |value: &str, saw| Ok(Choice { value: value.to_owned(), origin: Origin::Default, saw });
        for choose in &decision.chooses {
            match look.all(&choose.conditions, &choose.value) {
                Ok(true) => return chosen(&choose.value, look.saw.take()),
                Ok(false) => {}
                Err(Stuck::Wrong { text, hint, .. }) => return Err(Stuck::Wrong { text, hint, saw: look.saw.take() }),
                Err(stuck) => return Err(stuck),
            }
        }
        match &decision.otherwise {
            Some(value) => chosen(value, look.saw.take()),
            None => {
                let name = bare(graph.address(id));
                let first = decision.values().first().copied().unwrap_or_default().to_owned();
                Err(Stuck::Wrong {
                    text: String::from("no `choose` of this decision holds, and it has no `otherwise`"),
                    hint: format!("say what it is then: `otherwise \"{first}\"`; or choose now: --decide {name}={first}"),
                    saw: look.saw.take(),
                })
            }
        }
    }

    /// Returns every decision of a project as it stands before anything runs; nothing is executed for it. `world` and
    /// `gates` know what is fresh.
    pub fn overview(&self, world: &World, gates: &dyn Gates) -> Vec<Overview> {
        let graph = &world.graph;
        let plan = Plan::without(graph, &decisions(graph), false, &|id| self.is_given(id));
        let seen = look(world, &plan, Mode::default(), self, gates);
        let fresh: FxHashSet<TargetId> = seen.iter().filter(|seen| seen.outcome == Outcome::Fresh).map(|seen| seen.task).collect();
        let stood = |id: TargetId| fresh.contains(&id).then(|| stood_still(world, id));
        self.overview_after(graph, &stood)
    }

    /// The same where `ended` knows what became of targets.
    fn overview_after(&self, graph: &Graph, ended: &dyn Fn(TargetId) -> Option<Looked>) -> Vec<Overview> {
        let plan = Plan::new(graph, &decisions(graph));
        let known = RefCell::new(FxHashMap::<String, String>::default());
        let mut found = Vec::new();
        for id in plan.steps().map(|step| plan.target(step)).filter(|id| graph.kind(*id) == TargetKind::Decision) {
            let Detail::Decision(decision, _) = graph.detail(id) else { continue };
            let decided = |address: &str| known.borrow().get(address).cloned();
            let choice = self.choose(graph, id, &Past { ended, decided: &decided }, None);
            let wrong = matches!(choice, Err(Stuck::Wrong { .. }));
            let (chosen, origin, saw, open) = match choice {
                Ok(choice) => (Some(choice.value), choice.origin, choice.saw, None),
                Err(Stuck::Open(why)) => (None, Origin::Default, Vec::new(), Some(why)),
                Err(Stuck::Wrong { text, saw, .. }) => (None, Origin::Default, saw, Some(text)),
                Err(Stuck::Cancelled) => (None, Origin::Default, Vec::new(), None),
            };
            let address = graph.address(id).to_owned();
            known.borrow_mut().extend(chosen.iter().map(|chosen| (address.clone(), chosen.clone())));
            let alternatives = decision.values().into_iter().map(str::to_owned).collect();
            found.push(Overview { decision: id, address, chosen, origin, open, wrong, alternatives, place: decision.place.clone(), saw });
        }
        found.sort_by_key(|overview| overview.decision);
        found
    }
}

fn decisions(graph: &Graph) -> Vec<TargetId> {
    graph.ids().filter(|id| graph.kind(*id) == TargetKind::Decision).collect()
}

/// Returns the variable that chooses for a decision: `ORKET_DECISION_`, then its name in upper case, `_` for what is no letter or digit.
pub fn variable(address: &str) -> String {
    let name = bare(address).chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    format!("{PREFIX}{}", name.collect::<String>())
}

fn named(graph: &Graph, all: &[TargetId], name: &str, package: &str) -> Result<TargetId, String> {
    let exact = |wanted: &str| all.iter().copied().find(|id| graph.address(*id) == wanted);
    let inside = (!package.is_empty()).then(|| exact(&format!("{package}:{name}"))).flatten();
    if let Some(id) = inside.or_else(|| exact(name)) {
        return Ok(id);
    }
    let found: Vec<TargetId> = all.iter().copied().filter(|id| bare(graph.address(*id)) == name).collect();
    match found[..] {
        [only] => return Ok(only),
        [] => {}
        _ => {
            let list: Vec<String> = found.iter().map(|id| format!("`{}`", graph.address(*id))).collect();
            return Err(format!("`{name}` is ambiguous: {}", list.join(", ")));
        }
    }
    let names = all.iter().flat_map(|id| [graph.address(*id), bare(graph.address(*id))]);
    Err(match did_you_mean(name, names) {
        Some(near) => format!("there is no decision `{name}`; did you mean `{near}`?"),
        None if all.is_empty() => format!("there is no decision `{name}`; this project has none"),
        None => {
            let list: Vec<String> = all.iter().map(|id| format!("`{}`", graph.address(*id))).collect();
            format!("there is no decision `{name}`; there is {}", list.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::conditions::Looked;
    use super::super::conditions::invented::Invented;
    use super::*;
    use crate::base::RelPath;
    use crate::graph::assemble;
    use crate::manifest::{Source, load};
    use crate::process::Ended;

    struct Text(String);

    impl Source for Text {
        fn read(&self, _: &RelPath) -> io::Result<Vec<u8>> {
            Ok(self.0.clone().into_bytes())
        }

        fn size(&self, _: &RelPath) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn matches(&self, _: &[String]) -> io::Result<Vec<RelPath>> {
            Ok(Vec::new())
        }
    }

    fn graph(text: &str) -> Graph {
        let loaded = load(&Text(text.to_owned()), &RelPath::parse("orket.kdl").unwrap(), "p");
        let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
        assemble(&loaded.project, Vec::new(), "linux-x86_64").unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    /// What a decision named `d` comes to, and the last thing that it saw.
    fn asked(text: &str, facts: &Invented, ended: &[(&str, Outcome, i32, &str)]) -> Result<(String, String), Stuck> {
        let graph = graph(text);
        let became = |id: TargetId| {
            let (_, outcome, code, printed) = ended.iter().find(|(name, ..)| *name == graph.address(id))?;
            Some(Looked { outcome: *outcome, code: Some(*code), printed: printed.as_bytes().to_vec() })
        };
        let past = Past { ended: &became, decided: &|name| Some(format!("of {name}")) };
        let cancel = Cancel::new().unwrap();
        let choice = Choices::of(facts).choose(&graph, graph.find("d").unwrap(), &past, Some(&cancel))?;
        Ok((choice.value, choice.saw.last().map(|sight| sight.found.clone()).unwrap_or_default()))
    }

    fn holds(condition: &str, facts: &Invented) -> (bool, String) {
        let found = asked(&format!("decision \"d\" {{ choose \"yes\" {{ {condition} }}; otherwise \"no\" }}"), facts, &[]);
        let (value, saw) = found.unwrap_or_else(|stuck| panic!("{condition}: {stuck:?}"));
        (value == "yes", saw)
    }

    #[test]
    fn every_condition_holds_and_does_not() {
        let nothing = Invented::NOTHING;
        let some = Invented {
            variables: &[("CI", "true"), ("BLANK", " "), ("KEY", "hunter2")],
            secret: "KEY",
            branch: Some("release/1"),
            tags: &["v1.2", "x"],
            changed: Ok(&["benches/a.rs", "src/b.rs"]),
            files: &[("conf/a.json", r#"{"disk": {"kind": "slow disk", "size": 7}}"#)],
            moment: (5, 23),
            ended: Ended::Exit(0),
        };
        for (condition, found) in [
            ("env \"CI\" \"false\" \"true\"", "CI is \"true\""),
            ("env \"CI\"", "CI is \"true\""),
            ("env \"KEY\" \"hunter2\"", "KEY is set (secret)"),
            ("branch \"main\" \"release/*\"", "the branch is release/1"),
            ("tag \"v*\"", "HEAD has v1.2, x"),
            ("changed \"benches/**\"", "benches/a.rs changed"),
            ("changed \"**\" \"!benches/**\" since=\"origin/main\"", "src/b.rs changed"),
            ("exists \"nope\" \"conf/*.json\"", "conf/*.json is there"),
            ("file \"conf/a.json\"", "conf/a.json is there"),
            ("file \"conf/a.json\" matches=\"slow +disk\"", "conf/a.json has \"slow disk\""),
            ("file \"conf/a.json\" json=\"/disk/kind\" matches=\"^slow\"", "/disk/kind of conf/a.json has \"slow\""),
            ("file \"conf/a.json\" json=\"/disk/size\" matches=\"^7$\"", "/disk/size of conf/a.json has \"7\""),
            ("command \"true\"", "exit status 0"),
            ("weekday \"tue\" \"saturday\"", "it is Saturday (UTC)"),
            ("hour 3 23", "it is 23 o'clock (UTC)"),
            ("hour \"22-5\"", "it is 23 o'clock (UTC)"),
            ("any { branch \"main\"; env \"CI\" \"true\" }", ""),
        ] {
            assert_eq!(holds(condition, &some), (true, found.to_owned()), "{condition}");
            assert!(!holds(condition, &nothing).0, "{condition}");
            assert!(!holds(&format!("not {{ {condition} }}"), &some).0, "not: {condition}");
            assert!(holds(&format!("not {{ {condition} }}"), &nothing).0, "not: {condition}");
        }
        for (condition, found) in [("os \"macos\" \"linux\"", "the system is linux"), ("arch \"x86_64\"", "the processor is x86_64")] {
            assert_eq!(holds(condition, &nothing), (true, found.to_owned()), "{condition}");
        }
        assert!(!holds("os \"macos\"", &nothing).0 && !holds("arch \"aarch64\"", &nothing).0);
        assert!(!holds("env \"BLANK\"", &some).0);
        assert!(!holds("file \"conf/a.json\" json=\"/disk/speed\"", &some).0);
        assert!(holds("hour \"9-12\"", &nothing).0 && !holds("hour \"13-20\"", &nothing).0);
    }

    #[test]
    fn what_became_of_tasks() {
        let text = |condition: &str| {
            format!(
                "task \"a\" {{ sh \"a\" }}; task \"b\" {{ sh \"b\" }}; decision \"d\" {{ choose \"yes\" {{ {condition} }}; otherwise \"no\" }}"
            )
        };
        let ended = [("a", Outcome::Failed, 3, "warming up\nslow disk\n"), ("b", Outcome::Cached, 0, "fine")];
        let said = |condition: &str| asked(&text(condition), &Invented::NOTHING, &ended).unwrap();
        for (condition, holds, found) in [
            ("failed \"a\"", "yes", "a failed"),
            ("failed \"b\"", "no", "b cached"),
            ("failed \"b\" \"a\"", "yes", "b cached, a failed"),
            ("succeeded \"b\"", "yes", "b cached"),
            ("succeeded \"a\" \"b\"", "no", "a failed, b cached"),
            ("output \"a\" matches=\"slow\"", "yes", "it printed \"slow\""),
            ("output \"b\" matches=\"slow\"", "no", "nothing that it printed matches"),
            ("exit_code \"a\" 2 3", "yes", "exit status 3"),
            ("exit_code \"b\" 3", "no", "exit status 0"),
        ] {
            assert_eq!(said(condition), (holds.to_owned(), found.to_owned()), "{condition}");
        }
        let open = asked(&text("failed \"a\""), &Invented::NOTHING, &[]);
        assert_eq!(open, Err(Stuck::Open(String::from("waits for `a`"))));
    }

    #[test]
    fn the_first_that_holds_wins_and_the_rest_is_not_looked_at() {
        let text = "decision \"d\" { choose \"a\" { env \"A\"; command \"x\" }; choose \"b\" { env \"B\" }; choose \"c\" { env \"B\" }; otherwise \"z\" }";
        let b = Invented { variables: &[("B", "1")], ended: Ended::TimedOut(std::time::Duration::from_secs(10)), ..Invented::NOTHING };
        assert_eq!(asked(text, &b, &[]).unwrap().0, "b");
        assert_eq!(asked(text, &Invented::NOTHING, &[]).unwrap().0, "z");
        let a = Invented { variables: &[("A", "1"), ("B", "1")], ..b };
        let Err(Stuck::Wrong { text, hint, saw }) = asked(text, &a, &[]) else { panic!("it was decided") };
        assert_eq!(text, "`command \"x\"` (orket.kdl:1): timed out (limit 10.0 s)");
        assert_eq!((hint.as_str(), saw.len()), ("mend that, or choose now: --decide d=z", 1));
    }

    #[test]
    fn what_cannot_be_told_is_an_error_and_nothing_is_guessed() {
        let wrong = |condition: &str, facts: &Invented| match asked(
            &format!("decision \"d\" {{ choose \"yes\" {{ {condition} }}; otherwise \"no\" }}"),
            facts,
            &[],
        ) {
            Err(Stuck::Wrong { text, .. }) => text,
            other => panic!("{condition}: {other:?}"),
        };
        let facts = Invented { changed: Err("there is no"), files: &[("a", "nonsense")], ..Invented::NOTHING };
        assert_eq!(wrong("changed \"**\" since=\"v9\"", &facts), "`changed \"**\" since=\"v9\"` (orket.kdl:1): there is no v9");
        assert!(wrong("file \"a\" json=\"/x\"", &facts).contains("`a` is no JSON"));
        let none = asked("decision \"d\" { choose \"yes\" { env \"A\" } }", &facts, &[]);
        let Err(Stuck::Wrong { text, hint, .. }) = none else { panic!("it was decided") };
        assert_eq!(text, "no `choose` of this decision holds, and it has no `otherwise`");
        assert_eq!(hint, "say what it is then: `otherwise \"yes\"`; or choose now: --decide d=yes");
    }

    #[test]
    fn looking_alone_runs_nothing() {
        let graph = graph(
            "decision \"d\" { choose \"a\" { command \"x\" }; otherwise \"b\" }\n\
             decision \"e\" { choose \"a\" { decided \"d\" \"a\" }; otherwise \"b\" }\n\
             decision \"f\" { choose \"a\" { decided \"g\" \"b\" }; otherwise \"b\" }\n\
             decision \"g\" { otherwise \"b\" }",
        );
        let facts = Invented { ended: Ended::Exit(0), ..Invented::NOTHING };
        let rows: Vec<(String, Option<String>, Option<String>)> =
            Choices::of(&facts).overview_after(&graph, &|_| None).into_iter().map(|row| (row.address, row.chosen, row.open)).collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            rows,
            [
                (text("d"), None, Some(text("would be decided by running `x`"))),
                (text("e"), None, Some(text("waits for the decision `d`"))),
                (text("f"), Some(text("a")), None),
                (text("g"), Some(text("b")), None),
            ]
        );
    }

    #[test]
    fn who_is_asked_from_outside() {
        let graph = graph(
            "decision \"d-1\" { otherwise \"x\" }; epic \"e\" { decision \"d\" { choose \"a\" { env \"A\" }; otherwise \"b\" } }; epic \"f\" { decision \"d\" { otherwise \"b\" } }",
        );
        let given = |variables, typed: &[&str]| {
            let facts = Invented { variables, ..Invented::NOTHING };
            let typed: Vec<String> = typed.iter().map(|word| (*word).to_owned()).collect();
            let choices = Choices::new(&graph, &facts, &typed, "")?;
            let mut given: Vec<String> =
                choices.given.iter().map(|(id, (value, origin))| format!("{} {value} {}", graph.address(*id), origin.words())).collect();
            given.sort();
            Ok::<_, String>(given.join(", "))
        };
        assert_eq!(given(&[("ORKET_DECISION_D", " ")], &["d-1="]).unwrap(), "");
        assert_eq!(given(&[("ORKET_DECISION_D_1", "x")], &[]).unwrap(), "d-1 x environment");
        assert_eq!(given(&[("ORKET_DECISION_D", "b")], &["e/d=a"]).unwrap(), "e/d a command line, f/d b environment");
        for (variables, typed, error) in [
            (&[][..], "d=a", "--decide d=a: `d` is ambiguous: `e/d`, `f/d`"),
            (&[], "e/d", "--decide e/d: say which value, as `--decide NAME=VALUE`"),
            (&[], "d1=x", "--decide d1=x: there is no decision `d1`; did you mean `d-1`?"),
            (&[], "e/d=c", "--decide e/d=c: the decision `e/d` (orket.kdl:1) is never `c`; it is one of `a`, `b`"),
            (&[("ORKET_DECISION_D", "a")], "e/d=a", "ORKET_DECISION_D: the decision `f/d` (orket.kdl:1) is never `a`; it is one of `b`"),
        ] {
            assert_eq!(given(variables, &[typed]).unwrap_err(), error);
        }
    }
}
