"""Who knows the session's key may look; only what is no browser may build."""

from ask import answer_with


def decide(ask, options):
    if not ask["session"]:
        return {"refused": "open the address that orket has printed"}
    if ask["method"] in ("GET", "HEAD") or ask["origin"] is None:
        return "allowed"
    return {"refused": "build from a terminal"}


answer_with(decide)
