//! A run that nobody ran: its record and its journal, as large as a test wants them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Project;

/// What such a run is to hold. Tasks stand in epics of a hundred, each needing an earlier one of its epic.
pub struct Recorded {
    /// How many tasks.
    pub tasks: usize,
    /// How many bytes each has printed; if any, each has failed.
    pub printed: usize,
    /// How many inputs of each have changed.
    pub changes: usize,
    /// How many findings a gate has.
    pub findings: usize,
}

impl Recorded {
    /// A project with such a run.
    pub fn project(&self) -> Project {
        let mut manifest = String::from("gate \"g\" kind=\"pattern\" { pattern \"x\"; files \"in\"; message \"an x\" }\n");
        for at in 0..self.tasks {
            let (inside, epic) = (at % 100, at / 100);
            let need = if inside == 0 { String::new() } else { format!("needs \"e{epic}/task_{}\"; ", at - 1 - at % 7 % inside) };
            let open = if inside == 0 { format!("epic \"e{epic}\" {{\n") } else { String::new() };
            let close = if inside == 99 || at + 1 == self.tasks { "}\n" } else { "" };
            let _ = write!(manifest, "{open}  task \"task_{at}\" {{ {need}sh \"true\" }}\n{close}");
        }
        let project = Project::new().file("in", "x").manifest(&manifest);
        self.record(&project);
        project
    }

    /// Writes the run into a project, over the one that is there.
    pub fn record(&self, project: &Project) {
        let (failed, outcome) = (self.printed > 0, if self.printed > 0 { "failed" } else { "done" });
        let line = "something went wrong here, again: <b>&\n";
        let output = line.repeat(self.printed / line.len());
        let changes: Vec<Value> = (0..self.changes)
            .map(|at| json!({ "subject": "input", "name": format!("src/some/folder/file_{at}.c"), "old": "0123456789ab", "new": "ba9876543210" }))
            .collect();
        let mut journal = format!(
            "{}\n",
            json!({ "v": 1, "event": "run_started", "run": "big", "began_ms": 1, "goal": [], "tasks": self.tasks, "jobs": 8 })
        );
        let (mut tasks, mut free) = (Vec::new(), [0u64; 8]);
        for at in 0..self.tasks {
            let (name, took, slot) = (format!("e{}/task_{at}", at / 100), 20 + (at as u64 * 7919) % 400, at % 8);
            let (from, to) = (free[slot], free[slot] + took);
            free[slot] = to + 3;
            let reason = json!({ "changed": changes });
            tasks.push(json!({ "address": name, "outcome": outcome, "reason": reason, "duration_ms": took, "status": failed.then_some("exit status 1"), "output": output, "log": null, "unchanged": false }));
            let told = json!({ "kind": "changed", "changes": changes });
            let _ = writeln!(
                journal,
                "{}",
                json!({ "v": 1, "event": "started", "task": name, "at_ms": from, "attempt": 1, "slot": slot, "reason": told, "reason_text": "" })
            );
            let _ = writeln!(
                journal,
                "{}",
                json!({ "v": 1, "event": "finished", "task": name, "at_ms": to, "outcome": outcome, "duration_ms": took, "attempts": 1, "slot": slot, "output_size": 0, "flaky": false, "unchanged": false, "command": "cc -c src/some/folder/file.c -o out/file.o" })
            );
        }
        let finding = |at: usize| json!({ "file": format!("src/file_{at}.c"), "line": at, "column": 1, "rule": "pattern/match", "message": "an x", "help": "take it out", "fingerprint": format!("{at:016x}"), "state": "new" });
        let gate = json!({ "address": "g", "kind": "pattern", "outcome": "fail", "warning": false, "facts": { "files": 1, "extracted": 1, "cached": 0 }, "findings": (0..self.findings).map(finding).collect::<Vec<_>>(), "gone": [] });
        let count = |so: bool| if so { self.tasks } else { 0 };
        let totals =
            json!({ "done": count(!failed), "cached": 0, "fresh": 0, "skipped": 0, "failed": count(failed), "cancelled": 0, "stalled": 0 });
        let gates = if self.findings > 0 { vec![gate] } else { Vec::new() };
        let end = free.iter().max().copied().unwrap_or(0);
        let record = json!({ "version": 1, "run": "big", "began": 1, "duration_ms": end, "goal": [], "exit": i32::from(failed), "ended": true, "totals": totals, "tasks": tasks, "decisions": [], "gates": gates });
        project.write(".orket/runs/0000000000001-big.json", record.to_string()).write(".orket/runs/0000000000001-big.jsonl", journal);
    }
}
