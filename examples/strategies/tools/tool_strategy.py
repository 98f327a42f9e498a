"""Scripts are for bash, and nobody uses curl."""

from ask import answer_with


def decide(ask, options):
    if ask["name"] == "curl":
        return {"refused": "this project fetches nothing while it builds"}
    name = "/bin/bash" if ask["name"] == "sh" else ask["name"]
    return {"program": {"name": name, "locked": False}}


answer_with(decide)
