"""What commands share: help that fits the terminal, with no sentence cut off, and text options."""

from collections.abc import Iterable

import click

from loaders.errors import storable

# For files and pipes, and where lines would get too long to read.
_WIDEST = 100


class _Text(click.ParamType[str]):
    """Text for the database: bytes that the locale cannot read are UTF-8, or shown as escapes."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return storable(value)


TEXT = _Text()


class _HelpFormatter(click.HelpFormatter):
    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        # Two thirds of a narrow terminal are for what is said of an option.
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)


class _Context(click.Context):
    def make_formatter(self) -> click.HelpFormatter:
        from loaders.cli.display import terminal_width

        return _HelpFormatter(width=min(terminal_width(), _WIDEST))


class Group(click.Group):
    """A group that lists each command with its whole first sentence, and has help that fits."""

    context_class = _Context

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command whose own help fits too."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.context_class = _Context
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; click would cut their sentences at the end of the line."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(1000)) for name, command in found if command]
            )
