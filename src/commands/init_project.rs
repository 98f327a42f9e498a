//! What `orket init` finds in a folder, and the manifest that builds it.

use std::fs;
use std::path::Path;

/// The tasks for one kind of project.
struct Part {
    name: &'static str,
    text: String,
}

/// Returns a manifest for what stands in a folder; tools are named as the project itself names them.
pub(super) fn manifest(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let has = |name: &str| folder.join(name).exists();
    let mut parts: Vec<Part> = Vec::new();
    parts.extend(read("Cargo.toml").map(|text| rust(&text, has("Cargo.lock"), has("src/main.rs"))));
    parts.extend(read("package.json").map(|text| node(&text, folder)));
    if ["pyproject.toml", "setup.py", "requirements.txt"].into_iter().any(has) {
        parts.push(python(folder));
    }
    if has("go.mod") {
        parts.push(go());
    }
    if has("CMakeLists.txt") {
        parts.push(cmake());
    }
    let makefile = ["GNUmakefile", "makefile", "Makefile"].into_iter().find_map(read);
    if let Some(text) = makefile.filter(|_| parts.is_empty()) {
        parts.push(make(&text));
    }
    let name = fs::canonicalize(folder).ok().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let name = word(&name.unwrap_or_else(|| String::from("project")));
    let mut text = format!("orket 1\n\nproject {name} {{\n    about \"Say here what this is for\"\n}}\n");
    match &parts[..] {
        [] => {
            text += "\n// Nothing was found that orket knows how to build; a task may be any command.\ntask \"hello\" {\n    sh \"echo hello\"\n}\n"
        }
        [one] => text += &format!("\n{}", one.text),
        many => many.iter().for_each(|part| text += &format!("\nepic \"{}\" {{\n{}}}\n", part.name, part.text)),
    }
    text + "\ngate \"conflicts\" kind=\"policy\" {\n    about \"No merge was left in the middle\"\n    merge_markers #false\n}\n"
}

fn rust(text: &str, locked: bool, program: bool) -> Part {
    let cargo: toml::Table = text.parse().unwrap_or_default();
    let name = cargo.get("package").and_then(|package| package.get("name")?.as_str().map(str::to_owned));
    let plain = program && !cargo.contains_key("bin") && !cargo.contains_key("workspace");
    let outputs = name.filter(|_| plain).map(|name| format!("    outputs {}\n", word(&format!("target/debug/{name}")))).unwrap_or_default();
    let flag = if locked { " \"--locked\"" } else { "" };
    let task = |name: &str, about: &str, word: &str, more: &str| {
        format!(
            "task \"{name}\" {{\n    about \"{about}\"\n    run \"cargo\" \"{word}\"{flag}\n    tools \"rustc\" \"cc\"\n    inputs \"**\" \"!target/**\" \"!orket.kdl\"\n{more}    incremental #true\n    env {{ pass \"CARGO_HOME\" \"RUSTUP_HOME\" \"RUSTUP_TOOLCHAIN\" }}\n}}\n"
        )
    };
    let text = [
        task("build", "The program or library", "build", &outputs),
        String::from("\n"),
        task("test", "All tests", "test", "    after \"build\"\n"),
    ];
    Part { name: "rust", text: text.concat() }
}

fn node(text: &str, folder: &Path) -> Part {
    let package: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let locks = [("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun")];
    let lock = locks.into_iter().find(|(lock, _)| folder.join(lock).exists());
    let manager = lock.map_or("npm", |(_, manager)| manager);
    let some = |key: &str| package[key].as_object().is_some_and(|some| !some.is_empty());
    let install = ["dependencies", "devDependencies", "optionalDependencies"].into_iter().any(some);
    let mut text = String::new();
    if install {
        let (command, lock) = match (manager, lock) {
            ("npm", _) if folder.join("package-lock.json").exists() => {
                (String::from("\"npm\" \"ci\""), String::from(" \"package-lock.json\""))
            }
            (manager, Some((lock, _))) => (format!("\"{manager}\" \"install\" \"--frozen-lockfile\""), format!(" \"{lock}\"")),
            (manager, None) => (format!("\"{manager}\" \"install\" \"--no-package-lock\""), String::new()),
        };
        text += &format!(
            "task \"install\" {{\n    about \"The packages that this one needs\"\n    run {command}\n    tools \"node\"\n    inputs \"package.json\"{lock}\n    outputs \"node_modules/\"\n}}\n\n"
        );
    }
    let ignored = fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim().trim_matches('/')).collect();
    let out = ["dist", "build", "out", "lib"].into_iter().find(|name| ignored.contains(name));
    let needs = if install { "    needs \"install\"\n" } else { "" };
    let without = "\"!node_modules/**\" \"!**/.cache/**\" \"!coverage/**\" \"!orket.kdl\"";
    for (script, about) in
        [("build", "What is shipped"), ("typecheck", "The types hold"), ("lint", "The linter has nothing to say"), ("test", "All tests")]
    {
        let Some(line) = package["scripts"][script].as_str() else { continue };
        if script == "test" && line.contains("no test specified") {
            continue;
        }
        let kept = match (script, out) {
            ("build", Some(out)) => format!("    inputs \"**\" {without} \"!{out}/**\"\n    outputs \"{out}/\"\n"),
            // Where it writes to is not known, so that nothing can be kept.
            ("build", None) => String::from("    cache #false\n"),
            (_, Some(out)) => format!("    inputs \"**\" {without} \"!{out}/**\"\n"),
            (_, None) => format!("    inputs \"**\" {without}\n"),
        };
        let after = if script == "test" && package["scripts"]["build"].is_string() { "    after \"build\"\n" } else { "" };
        text += &format!(
            "task \"{script}\" {{\n    about \"{about}\"\n{needs}{after}    run \"{manager}\" \"run\" \"{script}\"\n    tools \"node\"\n{kept}}}\n\n"
        );
    }
    if text.is_empty() {
        text += "// package.json has no script `build`, `typecheck`, `lint` or `test`.\n\n";
    }
    text.pop();
    Part { name: "node", text }
}

fn python(folder: &Path) -> Part {
    let has = |name: &str| folder.join(name).exists();
    let texts: String = ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "requirements-dev.txt", "tox.ini"]
        .iter()
        .filter_map(|name| fs::read_to_string(folder.join(name)).ok())
        .collect();
    let python = match () {
        () if has("uv.lock") => "\"uv\" \"run\" \"python\"",
        () if has("poetry.lock") => "\"poetry\" \"run\" \"python\"",
        () if has(".venv/bin/python") => "\".venv/bin/python\"",
        () => "\"python3\"",
    };
    let tests = ["tests", "test"].into_iter().find(|name| has(name));
    let pytest = texts.contains("pytest") || has("conftest.py") || has("tests/conftest.py");
    let test = match (tests, pytest) {
        (_, true) => Some(format!("{python} \"-m\" \"pytest\" \"-p\" \"no:cacheprovider\"")),
        (Some(tests), false) => {
            let top = if has(&format!("{tests}/__init__.py")) { " \"-t\" \".\"" } else { "" };
            Some(format!("{python} \"-m\" \"unittest\" \"discover\" \"-s\" \"{tests}\"{top}"))
        }
        (None, false) => None,
    };
    let inputs = "    inputs \"**\" \"!**/__pycache__/**\" \"!**/*.egg-info/**\" \"!**/.*_cache/**\" \"!.venv/**\" \"!venv/**\" \"!.tox/**\" \"!build/**\" \"!dist/**\" \"!.coverage\" \"!orket.kdl\"\n";
    let path = if has("src") { "; set \"PYTHONPATH\" \"src\"" } else { "" };
    let env = format!("    env {{ set \"PYTHONDONTWRITEBYTECODE\" \"1\"{path} }}\n");
    let compile = "import ast, pathlib, sys; [ast.parse(pathlib.Path(p).read_bytes(), p) for p in sys.argv[1:]]";
    let mut text = format!(
        "task \"syntax\" {{\n    about \"Every file is Python\"\n    sh #\"find . -name '*.py' -not -path './.*' -not -path './venv/*' -not -path '*/node_modules/*' -print0 | xargs -0 {} -c '{compile}'\"#\n{inputs}{env}}}\n",
        python.replace('"', "")
    );
    if let Some(test) = test {
        text += &format!("\ntask \"test\" {{\n    about \"All tests\"\n    run {test}\n{inputs}{env}}}\n");
    }
    Part { name: "python", text }
}

fn go() -> Part {
    let task = |name: &str, about: &str| {
        format!(
            "task \"{name}\" {{\n    about \"{about}\"\n    run \"go\" \"{name}\" \"./...\"\n    inputs \"**\" \"!orket.kdl\"\n    env {{ pass \"GOPATH\" \"GOCACHE\" \"GOMODCACHE\" \"GOPROXY\" \"GOFLAGS\" }}\n}}\n"
        )
    };
    let text = [("build", "All packages compile"), ("vet", "The vetting tool has nothing to say"), ("test", "All tests")];
    Part { name: "go", text: text.map(|(name, about)| task(name, about)).join("\n") }
}

fn cmake() -> Part {
    let text = "task \"build\" {
    about \"All that CMake knows of\"
    run \"cmake\" \"-S\" \".\" \"-B\" \"build\"
    run \"cmake\" \"--build\" \"build\"
    tools \"cc\" \"c++\"
    inputs \"**\" \"!build/**\" \"!orket.kdl\"
    outputs \"build/\"
    incremental #true
}

task \"test\" {
    about \"All tests that CMake knows of\"
    needs \"build\"
    run \"ctest\" \"--test-dir\" \"build\" \"--output-on-failure\"
    cache #false
}
";
    Part { name: "cmake", text: text.to_owned() }
}

fn make(text: &str) -> Part {
    let target = |name: &str| {
        text.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(':') && !rest.trim_start().starts_with(":="))
        })
    };
    let mut made = String::from(
        "// What make reads and writes is not known, so that make itself decides what there is to do.\ntask \"build\" {\n    about \"What make makes\"\n    run \"make\"\n    cache #false\n}\n",
    );
    if let Some(name) = ["test", "check"].into_iter().find(|name| target(name)) {
        made += &format!(
            "\ntask \"test\" {{\n    about \"All tests\"\n    needs \"build\"\n    run \"make\" \"{name}\"\n    cache #false\n}}\n"
        );
    }
    Part { name: "make", text: made }
}

/// Returns a text as KDL writes it.
fn word(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
