"""From the first year."""

import json


def dump_pretty(target, value):
    with open(target, "w") as file:
        json.dump(value, file, indent=4, sort_keys=True)
