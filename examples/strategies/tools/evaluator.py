"""grep and its like: 1 means that nothing was found, which is no failure."""

from ask import answer_with


def decide(ask, options):
    if ask["code"] in (0, 1):
        return "success"
    if ask["attempt"] <= ask["retries"]:
        return {"retry": {"wait_ms": ask["backoff_ms"]}}
    return {"failure": {"because": None, "remedy": True}}


answer_with(decide)
