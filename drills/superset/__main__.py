"""The check of deploy/superset: a server with a sample behind it, asked as people would.

python -m drills.superset --python .pulse/superset/venv/bin/python [--sessions N] [--keep]

It loads a sample into an embedded PostgreSQL, builds, brings Superset up twice by bootstrap.py and
starts it on a free port of 127.0.0.1. Exit code 0 when everything holds, 1 when something does not.
Screenshots and logs stay in .pulse/superset.
"""

import argparse
import json
import secrets
import socket
import sys
import tempfile
import time
from pathlib import Path

from drills.superset import checks
from drills.superset.people import Person, create_person
from drills.superset.place import DEPLOYED, Place, database, environment_of, serving
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.project.root import project_root


def say(text: str) -> None:
    """Print a line at once, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def check(place: Place, settings: DatabaseSettings, keep: bool) -> list[str]:
    """Bring Superset up and ask it everything; return what does not hold."""
    say("Bootstrap, twice")
    script = str(project_root() / DEPLOYED / "bootstrap.py")
    counts = [json.loads(place.run(script)) for _ in range(2)]
    troubles = [
        f"the second bootstrap counts {counts[1].get(name)} of {name}, the first {number}"
        for name, number in counts[0].items()
        if counts[1].get(name) != number
    ]
    say(f"  {counts[0]}")
    password = secrets.token_urlsafe(12)
    place.run(
        "-m", "flask", "fab", "create-admin", "--username", "admin", "--firstname", "admin",
        "--lastname", "of the check", "--email", "admin@example.invalid", "--password", password,
    )  # fmt: skip
    with serving(place), connect(settings) as connection:
        admin = Person(place.url, "admin", password)
        roles = {
            "everybody": ["pulse_viewer", "audience_everybody"],
            "team": ["pulse_viewer", "audience_team"],
            "analyst": ["pulse_analyst", "audience_team"],
            "stranger": ["pulse_viewer"],
            "mover": ["pulse_viewer", "audience_everybody"],
        }
        for name, named in roles.items():
            create_person(admin, name, named)
        people = {name: Person(place.url, name) for name in roles}
        everybody, team = people["everybody"], people["team"]
        say("Every chart's data, as two audiences, cold and warm")
        troubles += checks.troubles_of_audiences(connection, everybody, team)
        troubles += checks.troubles_of_strangers(people["stranger"])
        troubles += checks.troubles_of_moving(admin, people["mover"], team)
        say("What viewers may, and SQL Lab")
        for viewer in (everybody, team):
            troubles += checks.troubles_of_viewers(viewer)
        troubles += checks.troubles_of_sql_lab(admin, people["analyst"], (everybody, team))
        say("Pictures of the dashboards")
        troubles += checks.troubles_of_pictures(place, (everybody, team))
        if keep:
            say(f"{place.url} · admin, password {password} · Ctrl-C ends it")
            try:
                time.sleep(10**6)
            except KeyboardInterrupt:
                say("Ended")
    return troubles


def main() -> int:
    """Run the check and print what it found; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", type=Path, required=True, help="Python of Superset's venv")
    parser.add_argument("--sessions", type=int, default=3_000)
    parser.add_argument("--keep", action="store_true", help="leave the server until Ctrl-C")
    asked = parser.parse_args()
    stays = project_root() / ".pulse" / "superset"
    stays.mkdir(parents=True, exist_ok=True)
    for earlier in (*stays.glob("*.log"), *stays.glob("*.png")):
        earlier.unlink()
    with tempfile.TemporaryDirectory(prefix="pulse-superset-") as name:
        folder = Path(name)
        # The embedded server runs as a user of its own when we are root.
        folder.chmod(0o755)
        say(f"A sample of {asked.sessions:,} sessions, loaded and built")
        with database(folder, asked.sessions) as settings:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            place = Place(asked.python.absolute(), environment_of(settings, folder), port, stays)
            troubles = check(place, settings, asked.keep)
    for trouble in troubles:
        say(f"FAIL {trouble}")
    if not troubles:
        say("Everything holds.")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
