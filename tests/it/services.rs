//! Programs that run beside tasks.

use crate::common::Project;

#[test]
#[ignore = "services do not run in this version"]
fn a_service_is_up_while_a_task_uses_it_and_gone_afterwards() {
    let project = Project::new().manifest(
        r#"
        service "web" { run "python3" "-m" "http.server" "{{port.web}}" "--bind" "127.0.0.1"; port "web"; ready { tcp "{{port.web}}"; within "20s" }; stop { signal "SIGTERM"; within "5s" } }
        task "t" { uses "web"; sh "{log:t}; python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:{{port.web}}/\").read()'" }
        "#,
    );
    project.run("build t").ok().ran(["t"]);
    assert!(!crate::differential::busy(&project.root()), "the service is alive");
}

#[test]
fn a_service_that_nobody_declared_is_refused() {
    Project::new().manifest(r#"task "t" { uses "db"; sh "{log:t}" }"#).run("build").code(2).ran([]);
}
