//! The one table of the seams.

use serde::{Deserialize, Serialize};

/// A policy of orket itself that can be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seam {
    /// Where manifest and overrides are looked for.
    LoaderStrategy,
    /// How the environment is set up, and where state and store are.
    EngineRuntime,
    /// What runs are called.
    ExecutionRuntime,
    /// Which parts a run is wired from.
    PipelineWiring,
    /// What a task may touch, and what its surroundings are called.
    SandboxPolicy,
    /// How the name of a tool becomes something to start.
    ToolStrategy,
    /// Who may do what through `orket serve`.
    ApiRuntime,
    /// How many tasks run at once, and what a failure does to the rest.
    OrchestrationLoop,
    /// Which ready task runs first.
    Planner,
    /// Where a task runs.
    Router,
    /// What the end of a command means.
    Evaluator,
    /// How a question to a person is answered.
    PromptStrategy,
    /// What is looked up and stored.
    CachePolicy,
}

/// A strategy that orket brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Brought {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// The options it takes, with the kind of their values.
    pub options: &'static [(&'static str, Kind)],
}

/// The kind of an option's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A whole number from 1 on.
    Count,
    /// A duration such as `5ms`.
    Duration,
    /// A size such as `20GiB`.
    Size,
    /// A text.
    Text,
}

const fn brought(name: &'static str, about: &'static str, options: &'static [(&'static str, Kind)]) -> Brought {
    Brought { name, about, options }
}

const LOOP: &[(&str, Kind)] = &[("concurrency_limit", Kind::Count), ("rounds", Kind::Count)];
const DATABASE: &[(&str, Kind)] = &[("database_url", Kind::Text)];
const API: &[(&str, Kind)] = &[("origin", Kind::Text), ("home", Kind::Text)];
const WIRING: &[(&str, Kind)] = &[("webhook", Kind::Text), ("webhook_secret_from", Kind::Text)];
const CACHE: &[(&str, Kind)] = &[("limit", Kind::Size), ("cheaper_than", Kind::Duration)];

impl Seam {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Seam; 13] = [
        Seam::LoaderStrategy,
        Seam::EngineRuntime,
        Seam::ExecutionRuntime,
        Seam::PipelineWiring,
        Seam::SandboxPolicy,
        Seam::ToolStrategy,
        Seam::ApiRuntime,
        Seam::OrchestrationLoop,
        Seam::Planner,
        Seam::Router,
        Seam::Evaluator,
        Seam::PromptStrategy,
        Seam::CachePolicy,
    ];

    /// Returns the name: `planner`.
    pub fn name(self) -> &'static str {
        self.key().trim_end_matches("_node")
    }

    /// Returns the node of `process_rules` that fills it: `planner_node`.
    pub fn key(self) -> &'static str {
        match self {
            Seam::LoaderStrategy => "loader_strategy_node",
            Seam::EngineRuntime => "engine_runtime_node",
            Seam::ExecutionRuntime => "execution_runtime_node",
            Seam::PipelineWiring => "pipeline_wiring_node",
            Seam::SandboxPolicy => "sandbox_policy_node",
            Seam::ToolStrategy => "tool_strategy_node",
            Seam::ApiRuntime => "api_runtime_node",
            Seam::OrchestrationLoop => "orchestration_loop_node",
            Seam::Planner => "planner_node",
            Seam::Router => "router_node",
            Seam::Evaluator => "evaluator_node",
            Seam::PromptStrategy => "prompt_strategy_node",
            Seam::CachePolicy => "cache_policy_node",
        }
    }

    /// Returns the variable that fills it: `ORKET_PLANNER_NODE`.
    pub fn variable(self) -> String {
        format!("ORKET_{}", self.key().to_ascii_uppercase())
    }

    /// Returns the seam with this name.
    pub fn find(name: &str) -> Option<Seam> {
        Seam::ALL.into_iter().find(|seam| seam.name() == name)
    }

    /// Returns what it decides, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Seam::LoaderStrategy => "where manifest and local overrides are looked for",
            Seam::EngineRuntime => "whether dotenv files count, and where the store is",
            Seam::ExecutionRuntime => "the ids of runs and builds",
            Seam::PipelineWiring => "which parts a run has: remedies, who is told of it, and where epics are built",
            Seam::SandboxPolicy => "what a task may touch, and the names of its surroundings",
            Seam::ToolStrategy => "how the name of a tool becomes a program",
            Seam::ApiRuntime => "who may do what through `orket serve`",
            Seam::OrchestrationLoop => "how many run at once, and what a failure does to the rest",
            Seam::Planner => "which ready task runs first",
            Seam::Router => "where a task runs",
            Seam::Evaluator => "what the end of a command means",
            Seam::PromptStrategy => "how a question to a person is answered",
            Seam::CachePolicy => "what is looked up and stored",
        }
    }

    /// Whether the choice shapes what a task does, so that it is part of the task's digest.
    pub fn shapes_actions(self) -> bool {
        matches!(self, Seam::Evaluator | Seam::SandboxPolicy)
    }

    /// Returns the strategies that orket brings; `default` is the first.
    pub fn brought(self) -> &'static [Brought] {
        match self {
            Seam::LoaderStrategy => {
                const {
                    &[
                        brought("default", "here and above; `orket.local.kdl` and ORKET_PROJECT_NAME override", &[]),
                        brought("strict", "here only; nothing overrides the manifest", &[]),
                    ]
                }
            }
            Seam::EngineRuntime => {
                const {
                    &[
                        brought("default", "dotenv files count; the store is the user's", &[]),
                        brought("hermetic", "no dotenv files", &[]),
                        brought("ci", "no dotenv files; the store is in `.orket/store`, for the CI system to keep", &[]),
                    ]
                }
            }
            Seam::ExecutionRuntime => {
                const {
                    &[
                        brought("default", "ORKET_RUN_ID, else 8 random digits", &[]),
                        brought("ci", "the CI system's own id of the run", &[]),
                        brought("content", "from the digest of the graph", &[]),
                    ]
                }
            }
            Seam::PipelineWiring => {
                const {
                    &[
                        brought("default", "remedies run, and a webhook is told what happens if one is named", WIRING),
                        brought("minimal", "no remedies, and nobody is told", &[]),
                        brought("isolated", "as default, and each epic of a rock is built in a workspace of its own", WIRING),
                    ]
                }
            }
            Seam::SandboxPolicy => {
                const {
                    &[
                        brought("default", "tasks run in the checkout; services know the sandbox's name", DATABASE),
                        brought("none", "as default, and nothing has a sandbox's name", &[]),
                        brought("strict", "tasks see what they declare and reach no network, or are refused", DATABASE),
                        brought("compose", "services are started by docker compose", DATABASE),
                    ]
                }
            }
            Seam::ToolStrategy => {
                const {
                    &[
                        brought("default", "programs are looked up in PATH; `sh` is /bin/sh", &[]),
                        brought("locked", "only tools that the task lists, at recorded digests", &[("file", Kind::Text)]),
                        brought("portable", "cp, mv, rm, mkdir, touch, cat and echo are orket's own", &[]),
                    ]
                }
            }
            Seam::ApiRuntime => {
                const {
                    &[
                        brought("default", "who knows the session's key may look and build", API),
                        brought("read_only", "everybody may look, nobody may build", API),
                    ]
                }
            }
            Seam::OrchestrationLoop => {
                const {
                    &[
                        brought("default", "after a failure, what runs goes on and nothing new starts", LOOP),
                        brought("keep_going", "after a failure, go on with all that does not need what failed", LOOP),
                        brought("fail_fast", "after a failure, end what is running too", LOOP),
                    ]
                }
            }
            Seam::Planner => {
                const {
                    &[
                        brought("default", "longest remaining path, then priority", &[]),
                        brought("critical_path", "longest remaining path to the millisecond, whatever the priority", &[]),
                        brought("priority", "priority, then longest remaining path", &[]),
                        brought("fifo", "in the order in which tasks become ready", &[]),
                        brought("failed_first", "what failed last time, then as default", &[]),
                    ]
                }
            }
            Seam::Router => {
                const {
                    &[
                        brought("default", "a remote if there is one and the task allows it, else here", &[]),
                        brought("local", "here", &[]),
                        brought("remote_first", "a remote, and here only where there is none", &[]),
                        brought("race", "a remote and here, the first wins", &[]),
                    ]
                }
            }
            Seam::Evaluator => {
                const {
                    &[
                        brought("default", "exit status 0 is success; `retries` of the task count", &[]),
                        brought("strict", "what prints to standard error fails, and so does what passes only on a retry", &[]),
                        brought("flaky_tolerant", "every task is tried again at least once", &[("retries", Kind::Count)]),
                    ]
                }
            }
            Seam::PromptStrategy => {
                const {
                    &[
                        brought("default", "asks at a terminal, refuses elsewhere", &[]),
                        brought("yes", "yes", &[]),
                        brought("no", "no", &[]),
                    ]
                }
            }
            Seam::CachePolicy => {
                const {
                    &[
                        brought("default", "results are looked up and stored", CACHE),
                        brought("local_only", "as default, and never in a remote", CACHE),
                        brought("read_only", "results are looked up, none is stored", &[]),
                        brought("off", "neither", &[]),
                    ]
                }
            }
        }
    }
}
