"""Speaks orket's protocol for strategies: one line of JSON in, one line out.

A strategy is a function from a question to its answer. It performs nothing: orket acts on the answer.
"""

import json
import sys


def answer_with(decide):
    hello = json.loads(sys.stdin.readline())
    print(json.dumps({"orket": 1}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            reply = {"id": asked["id"], "answer": decide(asked["ask"], hello["options"])}
        except Exception as error:  # whatever it is, orket names it together with the strategy
            reply = {"id": asked["id"], "error": str(error)}
        print(json.dumps(reply), flush=True)
