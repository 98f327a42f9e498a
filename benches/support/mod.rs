//! Manifests of any size, the same for the same seed: layers of tasks, each with a source of its own and some of the layer before.

use std::fmt::Write;
use std::io;

use orket::base::RelPath;
use orket::manifest::Source;

/// How many tasks of the layer before each task needs.
const NEEDS: usize = 3;
/// How many layers there are.
const LAYERS: usize = 10;

/// Returns a manifest of so many tasks.
pub fn layered(tasks: usize, seed: u64) -> String {
    let width = (tasks / LAYERS).max(1);
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut text = String::with_capacity(tasks * 160);
    for task in 0..tasks {
        let _ = write!(text, "task \"t{task}\" {{\n  sh \"cat s/{0}/f{task} > o/{0}/o{task}\"\n  inputs \"s/{0}/f{task}\"\n", task / 1000);
        if task >= width {
            let first = (task / width - 1) * width;
            let mut needs: Vec<usize> = (0..NEEDS).map(|_| first + (next() % width as u64) as usize).collect();
            needs.sort_unstable();
            needs.dedup();
            let needs: Vec<String> = needs.iter().map(|need| format!("\"t{need}\"")).collect();
            let _ = writeln!(text, "  needs {}", needs.join(" "));
        }
        let _ = write!(text, "  outputs \"o/{}/o{task}\"\n}}\n", task / 1000);
    }
    text
}

/// A manifest that is in no folder.
pub struct Memory(pub String);

impl Source for Memory {
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
