"""dbt in the test's own process, parsed once: a build costs seconds less than a command."""

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import ROOT
from tests.warm_caches import (
    keep_what_dbt_works_out,
    parsed_before,
    parsed_name,
    say_which_database,
)

_SILENTLY = ("--log-level", "none", "--log-level-file", "none")

WITHOUT_TESTS = ("--exclude-resource-type", "test")


@dataclass
class WarmDbt:
    """A parsed project; `root` holds dbt_project.yml, `profiles` a profiles.yml.

    What is parsed is taken from `shared`, and left there for others, under the name of the project.
    """

    root: Path
    profiles: Path
    target: Path
    shared: Path
    name: str
    _manifest: Any = None

    def build(
        self, settings: DatabaseSettings, *arguments: str, **environment: str
    ) -> dict[str, str]:
        """Build without tests; return what became of each node, such as 'AFFECTED -1 +2'.

        Raises AssertionError, with dbt's words, when a node failed.
        """
        return self.invoke(
            settings,
            ["build", *WITHOUT_TESTS],
            arguments,
            environment,
        )

    def warnings(self, settings: DatabaseSettings) -> list[str]:
        """Build as above; return what the project's macros warn of."""
        warned: list[str] = []

        def note(event: Any) -> None:  # noqa: ANN401 - dbt's events carry no types
            if event.info.name == "JinjaLogWarning":
                warned.append(str(event.data.msg))

        self.invoke(settings, ["build", *WITHOUT_TESTS], on_event=note)
        return warned

    def run(self, settings: DatabaseSettings, tree: Path, **environment: str) -> dict[str, str]:
        """Load a tree and build without tests; see build."""
        with _environment(settings.as_environment(with_password=True)):
            load_source(tree, None, Scope(), workers=1)
        return self.build(settings, **environment)

    def invoke(
        self,
        settings: DatabaseSettings,
        command: list[str],
        arguments: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
        on_event: Callable[[Any], None] | None = None,
    ) -> dict[str, str]:
        """Run a dbt command; return the message of each node by its name."""
        from dbt.cli.main import dbtRunner

        manifest = self.parse(settings)
        _forget_compilations(manifest)
        with _environment({**settings.as_environment(with_password=True), **(environment or {})}):
            outcome = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else []).invoke(
                [*_SILENTLY, *command, "--no-write-json", *self._places(), *arguments]
            )
        assert outcome.exception is None, outcome.exception
        failed = [
            f"{r.node.name}: {r.message}"
            for r in outcome.result
            if r.failures or r.status == "error"
        ]
        assert outcome.success, "\n".join(failed)
        return {result.node.name: str(result.message) for result in outcome.result}

    def operate(
        self, settings: DatabaseSettings, macro: str, on_event: Callable[[Any], None]
    ) -> None:
        """Run a macro as an operation; on_event gets what dbt says meanwhile."""
        from dbt.cli.main import dbtRunner

        manifest = self.parse(settings)
        with _environment(settings.as_environment(with_password=True)):
            outcome = dbtRunner(manifest=manifest, callbacks=[on_event]).invoke(
                [*_SILENTLY, "run-operation", macro, *self._places()]
            )
        assert outcome.success, outcome.exception

    def outcome(self, settings: DatabaseSettings, *command: str, **environment: str) -> Any:  # noqa: ANN401 - dbt's types are its own
        """Run a dbt command as dbtRunner does for anybody, with what it writes for 'dbt retry'."""
        from dbt.cli.main import dbtRunner

        with (
            _environment({**settings.as_environment(with_password=True), **environment}),
            parsed_before(self.shared / parsed_name(None, self.name), self.target / "target"),
        ):
            return dbtRunner().invoke([*_SILENTLY, *command, *self._places()])

    def parse(self, settings: DatabaseSettings) -> Any:  # noqa: ANN401 - dbt's types are its own
        """Return the project as dbt parsed it for this database."""
        from dbt.cli.main import dbtRunner

        if self._manifest is None:
            parsed = parsed_name(None, self.name)
            target = self.target / parsed
            with (
                _environment(settings.as_environment(with_password=True)),
                parsed_before(self.shared / parsed, target),
            ):
                places = [*self._places(), "--target-path", str(target)]
                done = dbtRunner().invoke([*_SILENTLY, "parse", "--no-write-json", *places])
            assert done.success, done.exception
            self._manifest = done.result
        if say_which_database(self._manifest, str(settings.parameters["dbname"])):
            # What macros know as the graph.
            self._manifest.build_flat_graph()
        return self._manifest

    def parse_again(self) -> None:
        """Forget what was parsed: a file of the project has changed."""
        self._manifest = None

    def _places(self) -> list[str]:
        return [
            "--project-dir", str(self.root), "--profiles-dir", str(self.profiles),
            "--target-path", str(self.target / "target"), "--log-path", str(self.target / "logs"),
        ]  # fmt: skip


# Returns dbt on the models that are named; see part_of.
PartOf = Callable[..., WarmDbt]


def warm_dbt(folder: Path, shared: Path, root: Path = ROOT, name: str = str(ROOT)) -> WarmDbt:
    """Return dbt on a project, its profile and whatever it writes below `folder`."""
    keep_what_dbt_works_out()
    _do_nothing_for_nobody()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_bytes((root / "profiles.example.yml").read_bytes())
    return WarmDbt(root, folder, folder, shared, name)


@functools.cache
def _do_nothing_for_nobody() -> None:
    """Have dbt make no message that nobody hears, and write no SQL that nobody reads.

    What it writes is read where it was told to compile.
    """
    from dbt.contracts.graph.nodes import ParsedNode
    from dbt.flags import get_flags
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager

    fire = EventManager.fire_event

    def fire_if_heard(
        self: Any,  # noqa: ANN401 - dbt's types are its own
        event: Any,  # noqa: ANN401
        level: Any = None,  # noqa: ANN401
        node: Any = None,  # noqa: ANN401
        force_warn_or_error_handling: bool = False,
    ) -> None:
        is_heard = self.loggers or self.callbacks or force_warn_or_error_handling
        if is_heard or (level or event.level_tag()) in (EventLevel.WARN, EventLevel.ERROR):
            fire(self, event, level, node, force_warn_or_error_handling)

    write = ParsedNode.write_node

    def write_if_read(self: Any, *arguments: Any) -> None:  # noqa: ANN401
        flags = get_flags()
        if flags.WHICH == "compile" or flags.LOG_LEVEL_FILE != "none":
            write(self, *arguments)

    ParsedNode.write_node = write_if_read
    EventManager.fire_event = fire_if_heard  # type: ignore[assignment, method-assign]


def _forget_compilations(manifest: Any) -> None:  # noqa: ANN401 - dbt's types are its own
    """dbt marks what it has compiled, and would take another build's SQL for this one's."""
    from dbt.contracts.graph.nodes import CompiledNode

    for node in manifest.nodes.values():
        if isinstance(node, CompiledNode):
            node.compiled, node.compiled_code = False, None
            node.extra_ctes, node.extra_ctes_injected = [], False


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.pop("PULSE_ANALYTICS_DATABASE_URL", None)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
