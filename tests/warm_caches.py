"""What dbt works out anew in every build, and the same each time, kept for the next test's build.

None of it changes what a build does: Jinja parsed and compiled, the calendar that agate makes for
every result, who asks about flags, and the project as it was parsed for another database.
"""

import functools
import gc
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any

_PARSED = "partial_parse.msgpack"


@functools.cache
def keep_what_dbt_works_out() -> None:
    """Have this process, and what is forked from it, keep it."""
    import jinja2
    import parsedatetime  # type: ignore[import-untyped]
    from dbt.parser.manifest import ManifestLoader
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.tests import enable_test_caching

    # dbt makes hundreds of thousands of objects that live as long as its manifest.
    gc.set_threshold(100_000, 50, 50)
    enable_test_caching()
    parsedatetime.Constants = functools.cache(parsedatetime.Constants)
    jinja2.Environment.compile = _compiled_once(jinja2.Environment.compile)  # type: ignore[method-assign]
    # It walks the stack for the name of a module, which no test reads.
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]
    ManifestLoader.build_manifest_state_check = _wherever_it_is(
        ManifestLoader.build_manifest_state_check
    )
    ManifestLoader.read_manifest_for_partial_parse = _as_of_this_place(
        ManifestLoader.read_manifest_for_partial_parse
    )


def parsed_name(role: str | None, project: str) -> str:
    """Name what dbt parses: it holds the role's name."""
    return "parsed-" + sha256(str([role or "", project]).encode()).hexdigest()[:8]


def say_which_database(manifest: Any, name: str) -> bool:  # noqa: ANN401 - dbt's types are its own
    """Make what was parsed for one database that of another; return whether it was another's."""
    others = [
        node
        for node in (*manifest.nodes.values(), *manifest.sources.values())
        if node.database != name
    ]
    for node in others:
        if node.relation_name:
            quoted = f'"{node.database}"'
            node.relation_name = node.relation_name.replace(quoted, f'"{name}"', 1)
        node.database = name
    return bool(others)


@contextmanager
def parsed_before(shared: Path, target: Path) -> Iterator[None]:
    """Let a command start from what another one parsed, and leave what it parsed."""
    parsed = target / _PARSED
    if shared.exists() and not parsed.exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shared, parsed)
    yield
    if parsed.exists() and not shared.exists():
        # Other workers may read it at any moment.
        partly = shared.with_suffix(f".{target.name}")
        shutil.copyfile(parsed, partly)
        partly.replace(shared)


def _compiled_once(compile_source: Any) -> Any:  # noqa: ANN401 - Jinja's overloads
    compiled: dict[tuple[object, ...], CodeType] = {}

    def compile_or_recall(self: Any, source: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        if not isinstance(source, str):
            return compile_source(self, source, *arguments, **options)
        key = (type(self), source, arguments, tuple(options.items()))
        if key not in compiled:
            compiled[key] = compile_source(self, source, *arguments, **options)
        return compiled[key]

    return compile_or_recall


def _wherever_it_is(check_state: Any) -> Any:  # noqa: ANN401 - dbt's types are its own
    """What dbt parses depends on the role, and on nothing else of the database but its name."""

    def check_without_place(self: Any) -> Any:  # noqa: ANN401
        from dbt.contracts.files import FileHash

        state = check_state(self)
        credentials = self.root_project.credentials
        state.profile_hash = FileHash.from_contents(str(credentials.role))
        return state

    return check_without_place


def _as_of_this_place(read_manifest: Any) -> Any:  # noqa: ANN401 - dbt's types are its own
    """Another copy of the project may have been parsed, for another database."""

    def read_and_rename(self: Any) -> Any:  # noqa: ANN401
        manifest = read_manifest(self)
        if manifest is not None:
            say_which_database(manifest, self.root_project.credentials.database)
            for node in manifest.nodes.values():
                if node.resource_type == "seed":
                    node.root_path = self.root_project.project_root
        return manifest

    return read_and_rename
