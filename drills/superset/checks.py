"""What has to hold of Superset; each check yields what does not, in sentences."""

import itertools
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import requests
import yaml

from drills.superset.browser import photograph
from drills.superset.people import Person, change_roles
from drills.superset.place import DEPLOYED, SEEN_BY_TEAM, Place
from loaders.project.root import project_root
from tests.pictures.browser import open_browser

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def charts_data(person: Person) -> dict[str, list[dict[str, Any]]]:
    """Return what the API answers for each chart, by the chart's name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for chart in person.listed("chart"):
        answer = person.get(f"/api/v1/chart/{chart['id']}/data/")
        results = answer.json().get("result") if answer.ok else None
        found[chart["slice_name"]] = results or [{"error": answer.text[:500], "data": []}]
    return found


def troubles_of_data(person: Person, data: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Tell which charts have an error; for somebody who sees everything, also which are empty."""
    for name, results in data.items():
        for result in results:
            if result.get("error") or result.get("status") not in (None, "success"):
                yield f"{person.name}, {name}: {result.get('error')}"
            elif not result["data"] and person.name == "everybody":
                yield f"{person.name}, {name}: no row."


def troubles_of_audiences(
    connection: psycopg.Connection, everybody: Person, team: Person
) -> Iterator[str]:
    """Ask for every chart as two people, each twice: rows differ, from a warm cache too."""
    first = [(person, charts_data(person)) for person in (everybody, team)]
    again = [(person, charts_data(person)) for person in (everybody, team)]
    for person, data in first:
        yield from troubles_of_data(person, data)
    for (person, cold), (_, warm) in zip(first, again, strict=True):
        for name, results in warm.items():
            if not all(result.get("is_cached") for result in results):
                yield f"{person.name}, {name}: asked again, it did not come from the cache."
            if [r["data"] for r in results] != [r["data"] for r in cold[name]]:
                yield f"{person.name}, {name}: the cache has other rows than the database had."
    listed = {
        str(user)
        for (user,) in connection.execute(
            "select user_id from ops.role_learners where role_name = 'bi_team'"
        )
    }
    offered = [_UUID.findall(_choices(person)) for person in (everybody, team)]
    if set(offered[1]) != listed or len(offered[0]) <= SEEN_BY_TEAM:
        yield f"a filter offers {len(offered[0])} learners to everybody, {len(offered[1])} to team."
    all_of_them, of_the_team = first[0][1], first[1][1]
    seen = _learners(of_the_team)
    if seen - listed:
        yield f"team sees {len(seen - listed)} learners that are not listed for it."
    if not seen or not _learners(all_of_them) - listed:
        yield "The check proves nothing: the audiences see the same learners."
    counted = [list(row.values()) for row in of_the_team["Learners"][0]["data"]]
    if counted != [[SEEN_BY_TEAM]]:
        yield f"team counts {counted} learners, not {SEEN_BY_TEAM}."


def _choices(person: Person) -> str:
    """Return what the filter of learners offers, as a dashboard asks for it."""
    (dataset,) = (each for each in person.listed("dataset") if each["table_name"] == "learners")
    query = {"columns": ["user_id_text"], "metrics": [], "filters": [], "row_limit": 1000}
    return person.post(
        "/api/v1/chart/data",
        {"datasource": {"id": dataset["id"], "type": "table"}, "queries": [query]},
    ).text


def _learners(data: Mapping[str, list[dict[str, Any]]]) -> set[str]:
    return set(_UUID.findall(json.dumps([r["data"] for results in data.values() for r in results])))


_QUERY = "select count(*) as learners from reporting.learners"


def run_sql(person: Person, admin: Person, query: str) -> requests.Response:
    """Run a query in SQL Lab."""
    (database_id,) = (found["id"] for found in admin.listed("database"))
    return person.post(
        "/api/v1/sqllab/execute/",
        {"database_id": database_id, "sql": query, "runAsync": False, "schema": "reporting"},
    )


def troubles_of_sql_lab(admin: Person, analyst: Person, viewers: Sequence[Person]) -> Iterator[str]:
    """A viewer has no road to SQL Lab; an analyst has, as the analyst's audience, reading only."""
    for viewer in viewers:
        page = viewer.open("/sqllab/")
        if page.status_code == 200:
            yield f"{viewer.name} opens the page of SQL Lab."
        for path in ("/api/v1/sqllab/", "/api/v1/query/", "/api/v1/saved_query/"):
            if viewer.get(path).status_code not in (401, 403, 404):
                yield f"{viewer.name} is let into {path}."
        if run_sql(viewer, admin, _QUERY).status_code not in (401, 403):
            yield f"{viewer.name} runs SQL."
    answer = run_sql(analyst, admin, _QUERY)
    if not answer.ok or answer.json()["data"] != [{"learners": SEEN_BY_TEAM}]:
        yield f"the analyst of team does not count {SEEN_BY_TEAM} learners: {answer.text[:300]}"
    for query in (
        "insert into ops.role_learners (role_name, sees_all) values ('bi_team', true)",
        "select count(*) from analytics.learners",
        "select count(*) from raw.documents",
        "set role pulse_reader",
    ):
        if run_sql(analyst, admin, query).ok:
            yield f"the analyst may run: {query}"


def troubles_of_viewers(viewer: Person) -> Iterator[str]:
    """A viewer looks at dashboards and does no more; nobody looks without logging in."""
    dataset = next(each for each in viewer.listed("dataset") if each["table_name"] == "learners")
    query = {"columns": ["user_id_text"], "metrics": [], "row_limit": 10}
    asked = {"datasource": {"id": dataset["id"], "type": "table"}, "queries": [query]}
    kinds = ("chart", "dashboard", "dataset", "database")
    for written in ("csv", "xlsx"):
        if viewer.post("/api/v1/chart/data", {**asked, "result_format": written}).ok:
            yield f"{viewer.name} gets a file of rows, {written}."
    for what in kinds:
        if viewer.post(f"/api/v1/{what}/", {}).status_code not in (401, 403, 404):
            yield f"{viewer.name} may make a {what}."
    for page in (f"/explore/?datasource_type=table&datasource_id={dataset['id']}", "/chart/add"):
        if viewer.open(page).status_code == 200:
            yield f"{viewer.name} opens {page}."
    pages = [f"/superset/dashboard/{slug}/" for slug in tiles_of_dashboards(project_root())]
    for path in (*pages, *(f"/api/v1/{what}/" for what in kinds)):
        if viewer.without_login(path).status_code == 200:
            yield f"Somebody who is not logged in opens {path}."


def troubles_of_moving(admin: Person, person: Person, team: Person) -> Iterator[str]:
    """Who changes audience sees what the new one sees, though the cache has the former's rows."""
    before = charts_data(person)["Learners"][0]["data"]
    change_roles(admin, person.name, ["pulse_viewer", "audience_team"])
    after = charts_data(person)["Learners"][0]["data"]
    if after == before or after != charts_data(team)["Learners"][0]["data"]:
        yield f"{person.name} has changed from everybody to team and counts {after}, not as team."


def troubles_of_strangers(stranger: Person) -> Iterator[str]:
    """Somebody without an audience sees no row, and is told why."""
    for name, results in charts_data(stranger).items():
        if any(result["data"] for result in results):
            yield f"{stranger.name}, in no audience, sees rows of {name}."
        if not any("audience" in str(result.get("error")) for result in results):
            yield f"{stranger.name}, {name}: not told of the audience: {results}"


def troubles_of_pictures(place: Place, people: Sequence[Person]) -> Iterator[str]:
    """Take a picture of each dashboard as each person; no tile shows an error."""
    tiles = tiles_of_dashboards(project_root())
    with (
        # Chromium may write a last file after it has ended.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        open_browser(Path(profile)) as browser,
    ):
        for person, slug in itertools.product(people, tiles):
            file = place.folder / f"{slug}-{person.name}.png"
            url = f"{place.url}/superset/dashboard/{slug}/"
            seen = photograph(browser, url, person.cookies, tiles[slug], file)
            if not seen.is_ready:
                yield f"{slug} as {person.name} is not drawn in time: see {file}."
            for text in seen.troubled:
                # An audience that is listed for some learners has no row about everybody.
                if person.name == "everybody" or "No results" not in text:
                    yield f"{slug} as {person.name}: a tile shows {text!r}; see {file}."


def tiles_of_dashboards(root: Path) -> dict[str, int]:
    """Return how many charts stand on each dashboard, by slug."""
    found = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((root / DEPLOYED / "assets/dashboards").glob("*.yaml"))
    ]
    return {
        each["slug"]: sum(name.startswith("CHART-") for name in each["position"]) for each in found
    }
