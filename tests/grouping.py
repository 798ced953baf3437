"""Which tests share a server and a worker process, and in which order workers take them."""

import pytest

# By the longest beginning of a module's name. Each part has a server of its own, which costs
# seconds and the examples built once more. The longest parts come first: one that is taken last is
# waited for by all the others.
_PARTS = {
    # What works on the small project, which is built once for them; and by far the longest where
    # random histories of increments are asked for, as in CI.
    "builds": (
        "marts.test_access_secrets",
        "marts.test_appended_columns",
        "marts.test_builds_wait",
        "marts.test_cutoffs",
        "marts.test_damages",
        "marts.test_drift",
        "marts.test_file_times",
        "marts.test_increments",
        "marts.test_odd_requests",
        "marts.test_other_language",
        "marts.test_own_models",
        "marts.test_prune",
        "marts.test_rebuilds",
        "marts.test_redefinitions",
        "marts.test_retries",
        "marts.test_road",
        "marts.test_writers",
    ),
    "loaders": ("",),
    "sources": (
        "loaders.test_batches",
        "loaders.test_document_kinds",
        "loaders.test_hostile_paths",
        "loaders.test_loading",
        "loaders.test_odd",
        "loaders.test_path_rules",
        "loaders.test_prune",
        "loaders.test_quarantine",
        "loaders.test_replaced_files",
        "loaders.test_strange_sources",
    ),
    "connections": (
        "loaders.test_database",
        "loaders.test_locales",
        "loaders.test_other_language",
        "loaders.test_poolers",
        "loaders.test_private_folders",
        "loaders.test_reaching",
        "loaders.test_restored",
        "loaders.test_roles",
    ),
    "pictures": ("pictures.",),
    "commands": (
        "loaders.test_checks",
        "loaders.test_command",
        "loaders.test_interrupts",
        "loaders.test_progress",
        "test_deploy",
    ),
    # What needs a database with all its roles, which takes as long as twenty of these tests.
    "access": (
        "marts.test_access",
        "marts.test_reporting_open",
        "pictures.test_dashboard_command",
        "pictures.test_superset_assets",
    ),
    "marts": ("marts.",),
    "nights": (
        "marts.test_adding",
        "marts.test_bad_nights",
        "marts.test_docs_on",
        "marts.test_extending",
        "marts.test_killed",
        "marts.test_nightly",
        "test_adding",
    ),
    "store": ("store.",),
    "stores": (
        "advisor.test_classify_stores",
        "loaders.test_archive",
        "loaders.test_moving_files",
        "loaders.test_object_store",
    ),
    # Its tests have a server of their own, and name the group themselves.
    "upgrade": (),
}
_PART_OF = {beginning: part for part, names in _PARTS.items() for beginning in names}
_RANK = {part: rank for rank, part in enumerate(_PARTS)}


def group(module: str, version: str, *, is_whole: bool) -> str:
    """Return the name of the tests with which a module's share a server of a version.

    Where only what depends on the version runs, is_whole is False: two servers are enough.
    """
    name = module.removeprefix("tests.")
    if is_whole:
        part = _PART_OF[max(filter(name.startswith, _PART_OF), key=len)]
    else:
        part = "marts" if name.startswith("marts.") else "loaders"
    return f"pg{version}-{part}"


def longest_first(items: list[pytest.Item]) -> None:
    """Sort groups of tests, and leave the order within each."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    marker = item.get_closest_marker("xdist_group")
    _, _, part = marker.args[0].partition("-") if marker else ("", "", "")
    return _RANK.get(part, len(_RANK))


def refuse_ungrouped(session: pytest.Session) -> None:
    """Refuse to run every server on every worker: that takes twice as long, and nothing fails.

    pytest 9.2 names tests in a way that pytest-xdist 3.8 no longer groups.
    """
    is_grouped = getattr(session.config.option, "loadgroup", False)
    for item in session.items if is_grouped else ():
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError("pytest-xdist does not group tests: pin another pytest.")
