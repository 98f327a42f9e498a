//! What a walk wants to know of a task without decoding it, found once.

use super::draft::{Declared, Draft};
use crate::base::glob;
use crate::graph::{Edge, EdgeKind, TargetKind, flag};
use crate::model::{Command, EnvRule, Part, Task, Text};

/// Returns the flags that follow from the declaration alone; all but `ALWAYS`. `host` is the platform, as `linux-x86_64`.
pub(super) fn flags(task: &Task, host: &str) -> u32 {
    let open = |text: &Text| text.as_literal().is_none_or(|text| glob::is_glob(text) || text.ends_with('/'));
    let holes = |text: &Text| text.parts().iter().any(|part| matches!(part, Part::Hole(..)));
    let commands = task.commands.iter().flat_map(|command| match command {
        Command::Run { words, .. } => words.iter().collect::<Vec<_>>(),
        Command::Sh { script, .. } => vec![script],
    });
    let patterns = task.inputs.iter().chain(&task.outputs).map(|pattern| &pattern.text);
    let rules = task.env.iter().filter_map(|rule| match rule {
        EnvRule::Set { value, .. } => Some(value),
        _ => None,
    });
    let mut texts = commands.chain(patterns).chain(rules).chain(&task.tools).chain([&task.dir]).chain(&task.depfile);
    let os = host.split('-').next().unwrap_or(host);
    [
        (flag::PRIVATE, task.private),
        (flag::GLOBS, task.inputs.iter().any(|pattern| open(&pattern.text))),
        (flag::OPEN_OUTPUTS, task.outputs.iter().any(|pattern| open(&pattern.text))),
        (flag::DEPFILE, task.depfile.is_some()),
        (flag::EMPTY, task.commands.is_empty()),
        (flag::HOLES, texts.any(holes)),
        (flag::INTERACTIVE, task.interactive),
        (flag::CONFIRM, task.confirm.is_some()),
        (flag::FOREIGN, !task.platform.is_empty() && !task.platform.iter().any(|name| **name == *os || **name == *host)),
        (flag::OUTPUTS, task.outputs.iter().any(|pattern| !pattern.negated)),
        (flag::CONDITIONAL, !task.only_if.is_empty()),
        (flag::UNCACHED, !task.cache),
        (flag::REMEDY, task.on_failure.is_some()),
        (flag::PRESENT, task.imported.as_ref().is_some_and(|imported| !imported.present.is_empty())),
        (flag::OFFLINE, task.confined.network == Some(false)),
        (flag::CIRCLE, task.imported.as_ref().is_some_and(|imported| imported.circle.is_some())),
    ]
    .into_iter()
    .filter(|(_, holds)| *holds)
    .fold(0, |flags, (bit, _)| flags | bit)
}

/// Marks the tasks that nothing could show to be fresh: no inputs, no outputs, and nothing that they need puts anything out. There is no
/// cycle among `drafts`.
pub(super) fn mark_always(drafts: &mut [Draft<'_>]) {
    let yields = yields(drafts);
    let feeds = |draft: &Draft<'_>| {
        draft.edges.iter().any(|edge| edge.kind() != EdgeKind::Uses && edge.kind().hands_over() && yields[edge.to.index()])
    };
    for draft in drafts.iter_mut() {
        let Declared::Task(task, _) = &draft.detail else { continue };
        let idle = task.inputs.is_empty() && task.outputs.is_empty() && task.depfile.is_none();
        if !task.commands.is_empty() && (!task.cache || (idle && !feeds(draft))) {
            draft.flags |= flag::ALWAYS;
        }
    }
}

/// Marks the rocks and epics with private parts. Rocks stand before epics, and an epic holds no other.
pub(super) fn mark_hiding(drafts: &mut [Draft<'_>]) {
    let grouping = drafts.iter().take_while(|draft| matches!(draft.kind, TargetKind::Rock | TargetKind::Epic)).count();
    for group in (0..grouping).rev() {
        let hides = |edge: &Edge| edge.kind() == EdgeKind::Part && drafts[edge.to.index()].flags & (flag::PRIVATE | flag::HIDES) != 0;
        if drafts[group].edges.iter().any(hides) {
            drafts[group].flags |= flag::HIDES;
        }
    }
}

/// Returns for each target whether it puts anything out that one who needs it sees: a task with a command by itself, any other through what
/// it gathers.
fn yields(drafts: &[Draft<'_>]) -> Vec<bool> {
    let mut yields: Vec<Option<bool>> = vec![None; drafts.len()];
    let mut stack = Vec::new();
    for start in 0..drafts.len() {
        stack.push((start, false));
        while let Some((node, back)) = stack.pop() {
            if yields[node].is_some() {
                continue;
            }
            let draft = &drafts[node];
            let below = || draft.edges.iter().filter(|edge| edge.kind().hands_over()).map(|edge| edge.to.index());
            if draft.kind == TargetKind::Decision {
                yields[node] = Some(false);
            } else if draft.kind == TargetKind::Task && draft.flags & flag::EMPTY == 0 {
                yields[node] = Some(draft.flags & flag::OUTPUTS != 0);
            } else if back {
                yields[node] = Some(below().any(|to| yields[to] == Some(true)));
            } else {
                stack.push((node, true));
                stack.extend(below().filter(|to| yields[*to].is_none()).map(|to| (to, false)));
            }
        }
    }
    yields.into_iter().map(|yields| yields == Some(true)).collect()
}
