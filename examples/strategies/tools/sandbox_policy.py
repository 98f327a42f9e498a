"""Every rock has a sandbox of its own name, with the team in front."""

from ask import answer_with


def decide(ask, options):
    name = f"team-{ask['rock']}".lower()
    return {"sandbox": name, "compose_project": f"orket-{name}", "strict": False, "compose": False}


answer_with(decide)
