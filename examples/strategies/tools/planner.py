"""Cheapest first: short paths before long ones."""

from ask import answer_with


def decide(ask, options):
    return {"run": [-ask["path_ms"], ask["priority"]]}


answer_with(decide)
