"""Whatever deletes is asked; all else is allowed."""

from ask import answer_with


def decide(ask, options):
    if "delete" in ask["question"]:
        return "ask" if ask["terminal"] else "refuse"
    return "yes"


answer_with(decide)
