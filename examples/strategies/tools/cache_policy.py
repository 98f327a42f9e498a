"""Half of what orket would keep, and nothing that is done in an instant."""

from ask import answer_with


def decide(ask, options):
    return {"look_up": True, "store": True, "remote": False, "limit": ask["limit"] // 2, "cheaper_than_ms": 2}


answer_with(decide)
