"""Numbers for loans and fines, behind a lock that other processes keep too."""

import fcntl
import json

from library.paths import DATA

COUNTERS = DATA / "counters.json"


def following(name: str) -> int:
    with open(DATA / "counters.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        numbers = json.loads(COUNTERS.read_text())
        numbers[name] = numbers.get(name, 0) + 1
        waiting = COUNTERS.with_suffix(".new")
        waiting.write_text(json.dumps(numbers))
        waiting.replace(COUNTERS)
    return numbers[name]
