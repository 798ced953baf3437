"""pulse-elt db: the database itself."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from loaders.cli.groups import Group

if TYPE_CHECKING:
    from loaders.database.migrations import MigrationResult


@click.group("db", cls=Group)
def db() -> None:
    """Start, inspect and prepare the database."""


@db.command("start")
def start() -> None:
    """Start the embedded server; it runs until 'pulse-elt db stop'."""
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.database.current import start_embedded

    settings = start_embedded()
    with display_errors_tolerated("That the server runs"):
        display.say(f"The embedded server runs: {settings}.")


@db.command("stop")
def stop() -> None:
    """Stop the embedded server; its data stays."""
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.database import embedded
    from loaders.project.root import project_root

    if embedded.stop(embedded.data_directory(project_root())):
        outcome = "The embedded server is stopped; its data stays in .pulse/."
    else:
        outcome = "No embedded server was running."
    with display_errors_tolerated("That the server is stopped"):
        display.say(outcome)


@db.command("status")
@click.option("--json", "is_json", is_flag=True, help="Print the status as JSON.")
def status(is_json: bool) -> None:
    """Say which database is used, its version, and whether it is up to date."""
    from loaders.cli import display
    from loaders.database.server_status import read_database_status

    found = read_database_status()
    if is_json:
        display.print_json(found)
        return
    display.say(f"{found.database}: {found.state}")
    display.say(f"PostgreSQL {found.server_version}, {found.size} in total")
    pending = ", ".join(found.pending_migrations)
    display.say(f"migrations to apply: {pending}" if pending else "all migrations are applied")


@db.command("migrate")
def migrate() -> None:
    """Bring schema raw up to date: migrations, and a partition per kind."""
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.database.migrations import MigrationResult
    from loaders.pipeline import migrate_database

    result = migrate_database()
    with display_errors_tolerated("What was migrated"):
        _say_what_was_migrated(result)
        if result == MigrationResult():
            display.say("Nothing to do; the landing is up to date.")


def _say_what_was_migrated(result: "MigrationResult") -> None:
    from loaders.cli import display

    for name in result.applied:
        display.say(f"applied {name}")
    for name in result.partitions:
        display.say(f"created raw.{name}")
    for sentence in result.notices:
        display.say(sentence)


@db.command("roles")
def roles() -> None:
    """Create or repair the roles of deploy/roles.sql and their rights; migrates too.

    Connect as a superuser, or as the owner of the database with CREATEROLE. Running it again
    changes nothing.
    """
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.pipeline import prepare_roles

    result = prepare_roles()
    with display_errors_tolerated("What was changed"):
        for sentence in result.done:
            display.say(sentence)
        _say_what_was_migrated(result.migrated)
        if result.is_as_before:
            display.say("Everything was there; rights are as docs/security.md says.")


@db.command("restored")
@click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")
def restored(is_json: bool) -> int:
    """Put right what a dump, a replica or a template leaves out: rights, settings, sequences.

    Run it after every restore. What takes a superuser is printed as statements; then the exit
    code is 3.
    """
    from loaders.cli import display
    from loaders.pipeline import put_restored_right

    result = put_restored_right()
    if is_json:
        display.print_json(result)
        return result.exit_code
    for line in result.mended[: display.MOST_LINES]:
        display.say(line)
    display.say_how_many_more(len(result.mended), "--json has them all")
    display.say(f"Right already: {', '.join(result.right)}.")
    for sentence in result.notes:
        display.say(sentence)
    for what, statement in result.missing.items():
        display.say(f"Missing: {what}. As a superuser or the owner of the database:\n  {statement}")
    return result.exit_code


@db.command("identities")
@click.argument("file", type=click.Path(path_type=Path))
def identities(file: Path) -> None:
    """Load old user keys and their accounts from FILE, a CSV with user_key,user_id.

    Example: 'pulse-elt db identities accounts.csv'
    """
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.pipeline import load_identities

    result = load_identities(file, on_notice=display.say)
    with display_errors_tolerated("What was loaded"):
        display.say(
            f"Keys added: {result.added:,}; changed: {result.changed:,}; "
            f"as before: {result.unchanged:,}."
        )


@db.command("env")
@click.option("--password", "is_password", is_flag=True, help="Only the password, into a pipe.")
def env(is_password: bool) -> None:
    """Print exports that point dbt, psql and Python here: eval "$(pulse-elt db env)".

    The password is not among them; they fetch it through --password, which refuses to
    write to a terminal.
    """
    from loaders.cli import display
    from loaders.database.current import current_settings, exports, password_for_pipe

    settings = current_settings(starts=False)
    display.say(password_for_pipe(settings) if is_password else exports(settings))


@db.command("psql", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the database; ARGUMENTS go to psql.

    Example: 'pulse-elt db psql -c "select count(*) from analytics.scorecards"'
    """
    from loaders.database.current import transformer_settings
    from loaders.database.psql import become_psql

    # The role of builds reads the landing too, and may repair what a build made.
    become_psql(transformer_settings(), arguments)


@db.command("url")
def url() -> None:
    """Print the connection URL, without the password."""
    from loaders.cli import display
    from loaders.database.current import transformer_settings

    display.say(transformer_settings(starts=False).as_url(with_password=False))
