"""Brings Superset to what stands in this folder: tables, roles, the assets. Run it again any time.

python bootstrap.py, in Superset's venv, with the environment that README.md lists. It prints as
JSON how much there is afterwards; a second run prints the same.
"""

import json
import secrets
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
# Owns the assets. Inactive, with a password that nobody knows: it can never log in.
OWNER = "pulse_bootstrap"

VIEWER, ANALYST = "pulse_viewer", "pulse_analyst"
# What looking at dashboards takes. Nothing here writes but the state of a dashboard's filters.
MAY_VIEW = (
    ("can_read", "Dashboard"),
    ("can_read", "Chart"),
    ("can_read", "Dataset"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("can_write", "DashboardPermalinkRestApi"),
    ("can_read", "Theme"),
    # The token against forged requests, which each request that posts has to carry.
    ("can_read", "SecurityRestApi"),
    ("can_read", "AdvancedDataType"),
    ("can_get", "MenuApi"),
    ("can_list", "AsyncEventsRestApi"),
    ("can_time_range", "Api"),
    ("can_dashboard", "Superset"),
    ("can_dashboard_permalink", "Superset"),
    ("can_fetch_datasource_metadata", "Superset"),
    ("can_language_pack", "Superset"),
    ("can_log", "Superset"),
    ("can_recent_activity", "Log"),
    ("can_view_chart_as_table", "Dashboard"),
    ("can_userinfo", "UserDBModelView"),
    ("resetmypassword", "UserDBModelView"),
    ("can_this_form_get", "ResetMyPasswordView"),
    ("can_this_form_post", "ResetMyPasswordView"),
    ("menu_access", "Home"),
    ("menu_access", "Dashboards"),
)


def read_assets() -> dict[str, str]:
    """Return the assets' YAML by path, with the query that each chart's API answers."""
    found = {
        path.relative_to(ASSETS).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(ASSETS.rglob("*.yaml"))
    }
    for name, text in found.items():
        if name.startswith("charts/"):
            chart = yaml.safe_load(text)
            chart["query_context"] = json.dumps(query_context(chart["params"]))
            found[name] = yaml.safe_dump(chart, sort_keys=False)
    return found


def query_context(params: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser would ask for a chart; the import fills in the dataset."""
    columns: list[Any] = [*params.get("all_columns", ()), *_names(params.get("groupby"))]
    axis = params.get("x_axis")
    if axis and params.get("time_grain_sqla"):
        axis = {
            "columnType": "BASE_AXIS",
            "sqlExpression": axis,
            "label": axis,
            "expressionType": "SQL",
            "timeGrain": params["time_grain_sqla"],
        }
    metrics = params.get("metrics") or [params["metric"]] if not params.get("all_columns") else None
    filters = [
        {"col": each["subject"], "op": each["operator"], "val": each["comparator"]}
        for each in params.get("adhoc_filters", ())
        if each["operator"] != "TEMPORAL_RANGE"
    ]
    query = {
        "columns": [*([axis] if axis else []), *columns],
        "metrics": metrics,
        "filters": filters,
        "orderby": [json.loads(each) for each in params.get("order_by_cols", ())],
        "row_limit": params.get("row_limit", 1000),
        "extras": {},
        "time_range": "No filter",
    }
    return {
        "datasource": {},
        "queries": [query],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }


def _names(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def bootstrap() -> dict[str, int]:
    """Bring everything up to date; return how much there is."""
    from superset import appbuilder, db, security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user
    from superset_config import AUDIENCE_ROLE, audiences

    if not audiences():
        raise SystemExit("Set PULSE_BI_URL_<AUDIENCE> for one audience at least: see README.md.")
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    roles = [security_manager.add_role(AUDIENCE_ROLE + name) for name in audiences()]
    owner = security_manager.find_user(OWNER) or security_manager.add_user(
        OWNER, "PULSE", "bootstrap", "bootstrap@example.invalid", [], secrets.token_urlsafe(32)
    )
    # The import asks the database whether the views are there, as some audience.
    owner.roles = [security_manager.find_role("Admin"), roles[0]]
    owner.active = False
    db.session.commit()
    with override_user(owner):
        ImportAssetsCommand(read_assets()).run()
    set_rights(security_manager, db)
    return counts(db)


def set_rights(security_manager: Any, db: Any) -> None:
    """Give both roles what they may, and take what else they may have got."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database

    def found(right: str, what: str) -> Any:
        permission = security_manager.find_permission_view_menu(right, what)
        if permission is None:
            raise SystemExit(f"Superset knows no '{right}' on {what}: bootstrap.py has to follow.")
        return permission

    assets = [yaml.safe_load(text) for text in read_assets().values()]
    ours = {asset.get("uuid") for asset in assets}
    datasets = [each for each in db.session.query(SqlaTable) if str(each.uuid) in ours]
    (database,) = (each for each in db.session.query(Database) if str(each.uuid) in ours)
    viewing = [found(*right) for right in MAY_VIEW]
    viewing += [found("datasource_access", dataset.perm) for dataset in datasets]
    security_manager.add_role(VIEWER).permissions = viewing
    security_manager.add_role(ANALYST).permissions = list(
        {
            *viewing,
            *security_manager.find_role("Gamma").permissions,
            *security_manager.find_role("sql_lab").permissions,
            found("database_access", database.perm),
        }
    )
    db.session.commit()


def counts(db: Any) -> dict[str, int]:
    """Return how many of everything there are, others' included."""
    from flask_appbuilder.security.sqla.models import Role, User
    from superset.connectors.sqla.models import SqlaTable, SqlMetric, TableColumn
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard, dashboard_slices
    from superset.models.slice import Slice

    kinds = (Database, SqlaTable, TableColumn, SqlMetric, Slice, Dashboard, Role, User)
    found = {kind.__tablename__: db.session.query(kind).count() for kind in kinds}
    found["charts on dashboards"] = db.session.query(dashboard_slices).count()
    for role in db.session.query(Role).order_by(Role.name):
        found[f"rights of {role.name}"] = len(role.permissions)
    return found


def main() -> None:
    """Migrate Superset's own database, bootstrap, and print the counts."""
    from superset.app import create_app

    with redirect_stdout(sys.stderr):
        app = create_app()
        with app.app_context():
            from flask_migrate import upgrade

            upgrade()
        with app.app_context():
            found = bootstrap()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
