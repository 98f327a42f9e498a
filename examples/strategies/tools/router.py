"""Everything here."""

from ask import answer_with


def decide(ask, options):
    return "local"


answer_with(decide)
