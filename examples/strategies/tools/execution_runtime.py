"""Runs are called after the rock or epic that they are for."""

from ask import answer_with


def decide(ask, options):
    name = ask["rock"] or ask["epic"] or "all"
    run = f"{name}-{ask['random']}"
    return {"run": run, "build": f"build-{name}", "session": run}


answer_with(decide)
