"""The store of this project stands beside it, for a disk of its own."""

from ask import answer_with


def decide(ask, options):
    return {"dotenv": True, "store": ask["root"] + "/.orket/fast-disk"}


answer_with(decide)
