"""Half of the machine, and nothing is stopped by a failure."""

from ask import answer_with


def decide(ask, options):
    return {"concurrency": max(1, ask["processors"] // 2), "after_failure": "keep_going", "rounds": None}


answer_with(decide)
