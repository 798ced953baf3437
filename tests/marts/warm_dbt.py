"""dbt in the test's own process, parsed once: a build costs seconds less than a command."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import ROOT
from tests.warm_caches import keep_what_dbt_works_out, parsed_before, parsed_name

WITHOUT_TESTS = ("--exclude-resource-type", "test")


@dataclass
class WarmDbt:
    """A parsed project; `root` holds dbt_project.yml, `profiles` a profiles.yml.

    What is parsed is taken from `shared`, and left there for others.
    """

    root: Path
    profiles: Path
    target: Path
    shared: Path
    # By name of the database, which dbt writes into what it parses.
    _manifests: dict[str, Any] = field(default_factory=dict)

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
        on_event: Callable[[Any], None] = lambda event: None,
    ) -> dict[str, str]:
        """Run a dbt command; return the message of each node by its name."""
        from dbt.cli.main import dbtRunner

        manifest = self.parse(settings)
        _forget_compilations(manifest)
        with _environment({**settings.as_environment(with_password=True), **(environment or {})}):
            outcome = dbtRunner(manifest=manifest, callbacks=[on_event]).invoke(
                ["--log-level", "none", *command, "--no-write-json", *self._places(), *arguments]
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
                ["--log-level", "none", "run-operation", macro, *self._places()]
            )
        assert outcome.success, outcome.exception

    def outcome(self, settings: DatabaseSettings, *command: str, **environment: str) -> Any:  # noqa: ANN401 - dbt's types are its own
        """Run a dbt command as dbtRunner does for anybody, with what it writes for 'dbt retry'."""
        from dbt.cli.main import dbtRunner

        with _environment({**settings.as_environment(with_password=True), **environment}):
            return dbtRunner().invoke(["--log-level", "none", *command, *self._places()])

    def parse(self, settings: DatabaseSettings) -> Any:  # noqa: ANN401 - dbt's types are its own
        """Return the project as dbt parsed it for this database."""
        from dbt.cli.main import dbtRunner

        name = settings.parameters["dbname"]
        if name not in self._manifests:
            parsed = parsed_name(name, None, str(self.root))
            target = self.target / parsed
            with (
                _environment(settings.as_environment(with_password=True)),
                parsed_before(self.shared / parsed, target),
            ):
                places = [*self._places(), "--target-path", str(target)]
                done = dbtRunner().invoke(
                    ["--log-level", "none", "parse", "--no-write-json", *places]
                )
            assert done.success, done.exception
            self._manifests[name] = done.result
        return self._manifests[name]

    def parse_again(self) -> None:
        """Forget what was parsed: a file of the project has changed."""
        self._manifests.clear()

    def _places(self) -> list[str]:
        return [
            "--project-dir", str(self.root), "--profiles-dir", str(self.profiles),
            "--target-path", str(self.target / "target"), "--log-path", str(self.target / "logs"),
        ]  # fmt: skip


def warm_dbt(folder: Path, root: Path = ROOT, shared: Path | None = None) -> WarmDbt:
    """Return dbt on a project, its profile and whatever it writes below `folder`."""
    keep_what_dbt_works_out()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_bytes((root / "profiles.example.yml").read_bytes())
    return WarmDbt(root, folder, folder, shared or folder)


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
