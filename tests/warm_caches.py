"""What dbt works out anew in every build, and the same each time, kept for the next test's build.

None of it changes what a build does: Jinja parsed and compiled, the calendar that agate makes for
every result, who asks about flags, and the project as it was parsed for a database of the same
name on another server.
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


def parsed_name(database: str | None, role: str | None, root: str) -> str:
    """Name what dbt parses: it holds the database's name, and the role's."""
    return "parsed-" + sha256(str([database, role or "", root]).encode()).hexdigest()[:8]


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
    """What dbt parses depends on the database's name and the role, not on its host and port."""

    def check_without_place(self: Any) -> Any:  # noqa: ANN401
        from dbt.contracts.files import FileHash

        state = check_state(self)
        credentials = self.root_project.credentials
        state.profile_hash = FileHash.from_contents(f"{credentials.database} {credentials.role}")
        return state

    return check_without_place
