"""deploy/superset without Superset: its assets follow the views and name only what is there."""

import os
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import yaml

from loaders.database.settings import DatabaseSettings
from loaders.project.marts import read_yaml
from loaders.project.superset_datasets import ASSETS, asset_uuid, generated, unknown
from tests.conftest import ROOT
from tests.marts.access import House
from tests.marts.warm_dbt import WarmDbt

Asset = dict[str, Any]
# What Superset's own columns of a chart's parameters are called.
_COLUMNS, _METRICS = ("all_columns", "groupby", "x_axis"), ("metric", "metrics")


def read_assets() -> dict[str, Asset]:
    """Return the assets by place, such as 'charts/learners'."""
    folder = ROOT / ASSETS
    return {
        path.relative_to(folder).with_suffix("").as_posix(): read_yaml(path.read_text("utf-8"))
        for path in sorted(folder.rglob("*.yaml"))
        if path.name != "metadata.yaml"
    }


ALL = read_assets()
BY_UUID = {asset["uuid"]: asset for asset in ALL.values()}


def of_kind(kind: str) -> dict[str, Asset]:
    return {place: asset for place, asset in ALL.items() if place.startswith(f"{kind}/")}


CHARTS, DASHBOARDS, DATASETS = of_kind("charts"), of_kind("dashboards"), of_kind("datasets")
WITH_SQL = {place: each for place, each in DATASETS.items() if each["sql"]}


@pytest.fixture(scope="module")
def manifest(dbt: WarmDbt, built_examples: DatabaseSettings) -> Mapping[str, Any]:
    """What dbt knows of the project, as manifest.json has it."""
    return dict(dbt.parse(built_examples).writable_manifest().to_dict(omit_none=False))


def test_datasets_are_what_follows_from_the_views(manifest: Mapping[str, Any]) -> None:
    files = generated(ROOT, manifest)
    assert len(files) > 15
    stale = [path.name for path, text in files.items() if path.read_text("utf-8") != text]
    assert stale == [], "stale: run 'make superset-assets'."
    assert unknown(ROOT, manifest) == set()


def test_a_changed_or_removed_view_is_drift(manifest: Mapping[str, Any], tmp_path: Path) -> None:
    name = "model.pulse_elt.reporting__bands"
    for path, text in generated(tmp_path, manifest).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    fewer = {**manifest, "nodes": {k: v for k, v in manifest["nodes"].items() if k != name}}
    assert {path.name for path in unknown(tmp_path, fewer)} == {"bands.yaml"}
    view = manifest["nodes"][name]
    columns = {**view["columns"], "added": {**view["columns"]["colour"], "name": "added"}}
    more = {"nodes": {**manifest["nodes"], name: {**view, "columns": columns}}}
    changed = generated(tmp_path, more)
    assert [path.name for path, text in changed.items() if path.read_text() != text] == [
        "bands.yaml"
    ]


@pytest.mark.parametrize("place", ALL)
def test_an_asset_has_the_id_of_its_place(place: str) -> None:
    assert ALL[place]["uuid"] == str(asset_uuid(place))


def test_no_asset_holds_a_secret_or_a_host() -> None:
    (database,) = of_kind("databases").values()
    assert re.fullmatch(
        r"postgresql\+psycopg2://\w+@audience\.invalid/\w+", database["sqlalchemy_uri"]
    )
    for word in ("password", "encrypted_extra", "ssh_tunnel"):
        assert word not in database


@pytest.mark.parametrize("place", DATASETS)
def test_the_names_of_a_dataset_are_unique(place: str) -> None:
    dataset = DATASETS[place]
    names = [each["column_name"] for each in dataset["columns"]]
    metrics = [each["metric_name"] for each in dataset["metrics"]]
    assert len({*names, *metrics}) == len(names) + len(metrics)
    assert dataset["main_dttm_col"] is None or dataset["main_dttm_col"] in names
    assert dataset["description"]
    assert dataset["schema"] == "reporting"


@pytest.mark.parametrize("place", CHARTS)
def test_a_chart_names_only_what_its_dataset_has(place: str) -> None:
    chart = CHARTS[place]
    dataset = BY_UUID[chart["dataset_uuid"]]
    columns = {each["column_name"] for each in dataset["columns"]}
    metrics = {each["metric_name"] for each in dataset["metrics"]}
    params = chart["params"]
    assert params["viz_type"] == chart["viz_type"]
    assert {name for key in _COLUMNS for name in as_list(params.get(key))} <= columns
    named = [each for key in _METRICS for each in as_list(params.get(key))]
    assert {each for each in named if isinstance(each, str)} <= metrics
    assert {each["subject"] for each in params["adhoc_filters"]} <= columns
    assert {yaml.safe_load(each)[0] for each in params.get("order_by_cols", ())} <= columns
    for each in named:
        if not isinstance(each, str):
            assert names_in(each["sqlExpression"]) <= columns


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - of a chart's parameters
    return value if isinstance(value, list) else [value] if value else []


def names_in(expression: str) -> set[str]:
    """Return the columns that an expression of SQL names: what is written small."""
    return set(re.findall(r"\b[a-z][a-z_0-9]+\b", re.sub(r"'[^']*'|::\w+", "", expression)))


@pytest.mark.parametrize("place", DASHBOARDS)
def test_a_dashboard_shows_charts_that_are_there_and_filters_what_they_have(place: str) -> None:
    dashboard = DASHBOARDS[place]
    tiles = [each["meta"] for each in dashboard["position"].values() if is_chart(each)]
    for tile in tiles:
        assert tile["sliceName"] == BY_UUID[tile["uuid"]]["slice_name"]
    by_number = {tile["chartId"]: BY_UUID[tile["uuid"]] for tile in tiles}
    assert len(by_number) == len(tiles) > 5
    for each in dashboard["metadata"]["native_filter_configuration"]:
        filtered = [by_number[n] for n in by_number if n not in each["scope"]["excluded"]]
        assert filtered
        column = each["targets"][0].get("column", {}).get("name")
        for chart in filtered:
            if column:
                columns = BY_UUID[chart["dataset_uuid"]]["columns"]
                assert column in {found["column_name"] for found in columns}, chart["slice_name"]
            else:
                operators = {found["operator"] for found in chart["params"]["adhoc_filters"]}
                assert "TEMPORAL_RANGE" in operators, chart["slice_name"]


def is_chart(element: Any) -> bool:  # noqa: ANN401 - of a dashboard's layout
    return isinstance(element, dict) and element["type"] == "CHART"


def test_every_chart_stands_on_one_dashboard() -> None:
    shown = [
        each["meta"]["uuid"]
        for dashboard in DASHBOARDS.values()
        for each in dashboard["position"].values()
        if is_chart(each)
    ]
    assert sorted(shown) == sorted(chart["uuid"] for chart in CHARTS.values())


def test_bands_have_their_colours(house: House) -> None:
    labels = DASHBOARDS["dashboards/where_a_team_stands"]["metadata"]["label_colors"]
    with house.connect() as connection:
        found = connection.execute("select readiness_band, colour from analytics.bands")
        assert labels == dict(found.fetchall())


@pytest.mark.parametrize("place", DASHBOARDS)
def test_an_exposure_says_what_a_dashboard_reads(place: str, manifest: Mapping[str, Any]) -> None:
    dashboard = DASHBOARDS[place]
    exposure = manifest["exposures"][f"exposure.pulse_elt.{Path(place).name}"]
    views = {
        view
        for each in dashboard["position"].values()
        if is_chart(each)
        for view in views_of(BY_UUID[BY_UUID[each["meta"]["uuid"]]["dataset_uuid"]])
    }
    read = {name.removeprefix("model.pulse_elt.") for name in exposure["depends_on"]["nodes"]}
    assert read == views
    assert exposure["label"] == dashboard["dashboard_title"]
    assert exposure["url"].endswith(f"/superset/dashboard/{dashboard['slug']}/")
    assert exposure["owner"]["name"] == "The analysts"


def test_the_exposure_of_the_page_says_what_it_reads(manifest: Mapping[str, Any]) -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "loaders/pictures").rglob("*.py")]
    named = {view for text in sources for view in re.findall(r"\breporting\.(\w+)", text)}
    exposure = manifest["exposures"]["exposure.pulse_elt.readiness_page"]
    read = {name.rpartition("reporting__")[2] for name in exposure["depends_on"]["nodes"]}
    assert read == named


def views_of(dataset: Asset) -> set[str]:
    names = re.findall(
        r"\breporting\.(\w+)", dataset["sql"] or f"reporting.{dataset['table_name']}"
    )
    return {f"reporting__{name}" for name in names}


@pytest.fixture(scope="module")
def reader(house: House) -> Iterator[psycopg.Connection]:
    """A login of pulse_reader that sees all learners."""
    with house.connect() as superuser:
        superuser.execute("drop role if exists tries_superset")
        superuser.execute("create role tries_superset login in role pulse_reader")
        superuser.execute(
            "insert into ops.role_learners (role_name, sees_all) values ('tries_superset', true)"
        )
        with house.connect("tries_superset") as connection:
            yield connection
        superuser.execute("delete from ops.role_learners where role_name = 'tries_superset'")
        superuser.execute("drop role tries_superset")


@pytest.mark.parametrize("place", WITH_SQL)
def test_the_sql_of_a_dataset_has_its_columns_and_its_key(
    place: str, reader: psycopg.Connection
) -> None:
    dataset = WITH_SQL[place]
    found = reader.execute(dataset["sql"])
    names = [column.name for column in found.description or ()]
    assert names == [each["column_name"] for each in dataset["columns"]]
    rows = found.fetchall()
    # No learner of examples/legacy is below the threshold of a skill.
    assert bool(rows) == (place != "datasets/pulse/skills_to_train")
    key = re.search(r"Key: ([\w, ]+)\.", dataset["description"])
    assert key
    places = [names.index(name) for name in key[1].split(", ")]
    assert len({tuple(row[place] for place in places) for row in rows}) == len(rows)


@pytest.mark.parametrize("place", DATASETS)
def test_every_metric_of_a_dataset_is_computed(place: str, reader: psycopg.Connection) -> None:
    dataset = DATASETS[place]
    source = f"({dataset['sql']})" if dataset["sql"] else f"reporting.{dataset['table_name']}"
    for metric in dataset["metrics"]:
        reader.execute(f"select {metric['expression']} from {source} as dataset")


def test_the_last_week_of_a_learner_carried_forward_is_the_latest_readiness(
    reader: psycopg.Connection,
) -> None:
    by_week = DATASETS["datasets/pulse/readiness_by_week"]["sql"]
    newest = (
        "select distinct on (user_id) user_id, readiness_overall"
        f" from ({by_week}) as weeks order by user_id, week_start desc"
    )
    latest = "select user_id, readiness_overall from reporting.user_readiness_latest"
    found = reader.execute(f"({latest} except ({newest})) union all (({newest}) except {latest})")
    assert found.fetchall() == []


class Logins:
    """Stands where superset_config.py asks Superset for a person's roles."""

    def __init__(self, **roles: list[str]) -> None:
        self.roles = roles

    def find_user(self, username: str) -> str | None:
        return username if username in self.roles else None

    def get_user_roles(self, user: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=role) for role in self.roles[user]]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """superset_config.py, as an environment with two audiences makes it."""
    for name in [name for name in os.environ if name.startswith("PULSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PULSE_SUPERSET_SECRET_KEY", "of the test")
    monkeypatch.setenv("PULSE_SUPERSET_METADATA_URL", "sqlite://")
    monkeypatch.setenv("PULSE_BI_URL_EVERYBODY", "postgresql://all:secret@db/pulse?sslmode=require")
    monkeypatch.setenv("PULSE_BI_URL_TEAM_NORTH", "postgresql://north@db/pulse")
    return runpy.run_path(str(ROOT / "deploy/superset/superset_config.py"))


def connect_as(config: Mapping[str, Any], username: str | None, **roles: list[str]) -> Any:  # noqa: ANN401 - SQLAlchemy's URL
    from sqlalchemy.engine import make_url

    (database,) = of_kind("databases").values()
    url = make_url(database["sqlalchemy_uri"])
    return config["connect_as_audience"](url, {}, username, Logins(**roles), None)


def test_a_person_reads_as_the_login_of_the_audience_in_utc(config: Mapping[str, Any]) -> None:
    url, options = connect_as(config, "kim", kim=["pulse_viewer", "audience_team_north"])
    assert (url.username, url.host, url.drivername) == ("north", "db", "postgresql+psycopg2")
    assert "-c timezone=UTC" in options["connect_args"]["options"]
    assert "-c default_transaction_read_only=on" in options["connect_args"]["options"]
    url, _ = connect_as(config, "ada", ada=["audience_everybody"])
    assert (url.username, url.password, url.query["sslmode"]) == ("all", "secret", "require")


@pytest.mark.parametrize(
    "roles",
    [[], ["pulse_viewer"], ["audience_unknown"], ["audience_everybody", "audience_team_north"]],
)
def test_nobody_reads_without_exactly_one_audience(
    config: Mapping[str, Any], roles: list[str]
) -> None:
    with pytest.raises(config["NoAudience"]):
        connect_as(config, "kim", kim=roles)
    for nobody in (None, "somebody else"):
        with pytest.raises(config["NoAudience"]):
            connect_as(config, nobody, kim=roles)


@pytest.mark.parametrize("name", ["PULSE_SUPERSET_SECRET_KEY", "PULSE_SUPERSET_METADATA_URL"])
def test_a_setting_that_is_missing_is_named(
    config: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(Exception, match=name):
        runpy.run_path(str(ROOT / "deploy/superset/superset_config.py"))


def test_the_cache_is_by_user(config: Mapping[str, Any]) -> None:
    assert config["FEATURE_FLAGS"]["CACHE_QUERY_BY_USER"] is True


def test_the_cache_tells_audiences_of_a_person_apart(
    config: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = {"kim": ["pulse_viewer", "audience_team_north"], "ada": ["audience_team_north"]}
    logins = Logins(**roles)
    monkeypatch.setattr(
        logins, "get_user_roles", lambda user: Logins.get_user_roles(logins, user.username)
    )
    engine: Any = type("PostgresEngineSpec", (), {})
    modules = {
        "superset": SimpleNamespace(security_manager=logins),
        "superset.db_engine_specs": SimpleNamespace(),
        "superset.db_engine_specs.postgres": SimpleNamespace(PostgresEngineSpec=engine),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    config["FLASK_APP_MUTATOR"](None)
    kim, ada = SimpleNamespace(username="kim"), SimpleNamespace(username="ada")
    north = engine.get_impersonation_key(kim)
    assert north != engine.get_impersonation_key(ada)
    assert engine.get_impersonation_key(None) is None
    logins.roles["kim"] = ["pulse_viewer", "audience_everybody"]
    assert engine.get_impersonation_key(kim) != north


def test_a_viewer_may_write_nothing_but_the_state_of_filters() -> None:
    rights = runpy.run_path(str(ROOT / "deploy/superset/bootstrap.py"))["MAY_VIEW"]
    kept = {"DashboardFilterStateRestApi", "DashboardPermalinkRestApi"}
    assert {what for right, what in rights if right == "can_write"} == kept
    barred = {("can_read", "Explore"), ("can_explore_json", "Superset"), ("can_csv", "Superset")}
    assert not barred & set(rights)


def test_no_login_of_an_audience_may_become_another_role() -> None:
    """A login that may set role sees what the role sees, also from a filter of a dashboard."""
    granted = re.compile(r"grant pulse_reader to (?!\{)\w+([^;`]*)")
    for path in (*ROOT.glob("docs/*.md"), ROOT / "deploy/superset/README.md"):
        for rest in granted.findall(path.read_text("utf-8")):
            assert rest == " with inherit true, set false", path


def test_pages_are_framed_by_nobody_else_and_links_are_those_of_the_proxy(
    config: Mapping[str, Any],
) -> None:
    policy = config["TALISMAN_CONFIG"]["content_security_policy"]
    # What default-src does not cover.
    for directive in ("base-uri", "form-action", "frame-ancestors"):
        assert policy[directive] == ["'self'"]
    assert config["ENABLE_PROXY_FIX"]
    assert config["SESSION_COOKIE_SECURE"]


def test_every_chart_has_the_query_that_its_api_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap = runpy.run_path(str(ROOT / "deploy/superset/bootstrap.py"))
    assets = bootstrap["read_assets"]()
    charts = [yaml.safe_load(text) for place, text in assets.items() if place.startswith("charts/")]
    assert len(charts) == len(CHARTS)
    for chart in charts:
        (query,) = yaml.safe_load(chart["query_context"])["queries"]
        assert query["columns"] or query["metrics"], chart["slice_name"]


def test_the_lock_has_hashes_and_names_no_host() -> None:
    lock = (ROOT / "deploy/superset/requirements.lock").read_text("utf-8")
    pinned = re.findall(r"^([a-z0-9][\w.-]*)==", lock, re.M)
    assert {"apache-superset", "rich", "cachetools", "flask-caching"} <= set(pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock
    assert "--index-url" not in lock
