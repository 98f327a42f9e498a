"""Remedies run on this machine, and never where CI builds."""

import os

from ask import answer_with


def decide(ask, options):
    return {"remediation": "CI" not in os.environ}


answer_with(decide)
