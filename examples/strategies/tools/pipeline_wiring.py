"""Remedies run on this machine, and never where CI builds."""

import os

from ask import answer_with


def decide(ask, options):
    return {"remediation": "CI" not in os.environ, "webhooks": [], "webhook_secret": None, "isolated": False}


answer_with(decide)
