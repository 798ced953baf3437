"""The guides' commands work as written, over TCP and by a login without special rights."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping

import pytest
from psycopg import sql

from loaders.database.settings import URL_VARIABLE
from tests.conftest import EXAMPLES, Server
from tests.marts.analysts_guide import answer_of
from tests.marts.machine import LOGIN, PASSWORD, Machine, blocks, start_machine

OPERATORS, EXTENDING, README = "docs/operators.md", "docs/extending.md", "README.md"
RESTORED = "pulse_restored"

# Each of them takes minutes, and .ci/run runs it as the page says.
RUN_BY_CI = ("make demo", "make drill", "make check")
# For the setup with five roles, which the drill restores by the same command.
BY_THE_DRILL = ("psql --no-psqlrc --set=ON_ERROR_STOP=1 --file=deploy/roles.sql",)


def _write_settings(machine: Machine, database: str = "pulse") -> None:
    """Do what the page says in words: source and database into the settings' file."""
    file = machine.root / "etc" / "pulse-elt" / "pulse-elt.env"
    url = machine.database(database, LOGIN).as_url(with_password=True)
    settings = {"PULSE_SOURCE": machine.here("/srv/pulse/data"), URL_VARIABLE: url}
    text = machine.here(file.read_text(encoding="utf-8"))
    for name, value in settings.items():
        text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}='{value}'", text)
        assert count == 1, name
    file.write_text(text, encoding="utf-8")


def _set_password(machine: Machine) -> None:
    """Do what psql's prompt does in the page."""
    with machine.connect("postgres") as superuser:
        words = sql.SQL("alter role {} password {}")
        superuser.execute(words.format(sql.Identifier(LOGIN), sql.Literal(PASSWORD)))


def _lose_the_database(machine: Machine) -> None:
    with machine.connect("postgres") as superuser:
        superuser.execute("drop database pulse with (force)")


def _run_the_night_there(machine: Machine) -> None:
    _write_settings(machine, RESTORED)
    machine.run("pulse run /srv/pulse/data", before=_page(OPERATORS))


# What happens between the blocks: before the one, or after the one, that says this.
_Happenings = Mapping[str, Callable[[Machine], None]]
BEFORE: _Happenings = {"createdb --owner=pulse_etl pulse_restored": _lose_the_database}
AFTER: _Happenings = {
    "deploy/pulse-elt.env.example": _write_settings,
    f"create role {LOGIN} login": _set_password,
    "pulse-elt db restored": _run_the_night_there,
}


def _page(name: str) -> str:
    return "".join(block.text for block in blocks(name) if block.language == "sh")


@pytest.fixture(scope="module")
def machine(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which docs/operators.md was followed to its end."""
    with start_machine(tmp_path_factory.mktemp("m"), server.version) as started:
        shutil.copytree(EXAMPLES, started.root / "srv" / "pulse" / "data")
        followed = ""
        for block in blocks(OPERATORS):
            if block.language == "sql":
                with started.connect("pulse", LOGIN) as reader:
                    for query in filter(str.strip, block.text.split(";")):
                        reader.execute(query.encode())
            elif block.language == "sh" and not block.text.startswith(RUN_BY_CI + BY_THE_DRILL):
                _happen(BEFORE, block.text, started)
                folder = started.checkout if followed else started.root
                started.run(block.text, before=followed, folder=folder)
                _happen(AFTER, block.text, started)
                followed += block.text
        assert [words for words in (*BEFORE, *AFTER) if words not in followed] == []
        yield started


def _happen(when: _Happenings, text: str, machine: Machine) -> None:
    for words, happens in when.items():
        if words in text:
            happens(machine)


@pytest.mark.long
def test_the_guide_for_operators_is_one_road(machine: Machine) -> None:
    """Its last database is a restored one, in which nights were run before and after."""
    with machine.connect(RESTORED, LOGIN) as connection:
        counts = connection.execute(
            "select (select count(*) from analytics.learners), (select count(*) from ops.runs)"
        ).fetchone()
    assert counts == (4, 3)


@pytest.mark.long
def test_the_two_lines_of_the_readme_are_the_nightly_job(machine: Machine) -> None:
    url = machine.database(RESTORED, LOGIN).as_url(with_password=True)
    (lines,) = (block.text for block in blocks(README) if URL_VARIABLE in block.text)
    said = machine.run(re.sub(r"postgresql://[^']+", url, lines))
    assert "Nothing changed since the last load" in said


@pytest.mark.long
def test_every_example_of_extending_works_as_written(machine: Machine) -> None:
    url = machine.database(RESTORED, LOGIN).as_url(with_password=True)
    query = ""
    with machine.connect(RESTORED, LOGIN) as connection:
        for block in blocks(EXTENDING):
            if block.path:
                file = machine.checkout / block.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "sh":
                machine.run(block.text, environment={URL_VARIABLE: url})
            elif block.language == "sql":
                query = block.text
            else:
                assert answer_of(connection, query) == block.text


def test_every_block_of_commands_is_run() -> None:
    """By a test above, by the drill, or by .ci/run."""
    shell = [
        block.text for page in (OPERATORS, README) for block in blocks(page)
        if block.language == "sh"
    ]  # fmt: skip
    left_out = [text for text in shell if text.startswith(RUN_BY_CI + BY_THE_DRILL)]
    assert len(left_out) == len(RUN_BY_CI + BY_THE_DRILL)
