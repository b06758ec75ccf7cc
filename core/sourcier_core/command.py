"""The one command `sourcier`: a thin root that finds each folder's sub-commands by entry point."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from sourcier_core import __version__, backup_commands
from sourcier_core.errors import InvalidSettings, SourcierError

GROUP = "sourcier.commands"  # entry points: functions that take the root's Typer app, see `build`
PROVIDED = "sourcier.provided"  # of the context's meta: what folders hand to those that must not import them
ROOT_OPTIONS = ("--home", "--profile")
EXIT_FAILED = 1  # something asked for was not done
EXIT_MISUSED = 2  # the command line or the settings are wrong


def build() -> typer.Typer:
    """Return the command with all sub-commands. What they need is imported when they run."""
    app = typer.Typer(
        name="sourcier",
        help="Ask long documents, and see every answer proved on its page.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )

    @app.callback()
    def root(
        context: typer.Context,
        home: Annotated[
            Path | None,
            typer.Option(help="Where all data is kept.", envvar="SOURCIER_HOME", show_envvar=True),
        ] = None,
        profile: Annotated[
            str | None,
            typer.Option(help="A settings file, or its name in configs/.", envvar="SOURCIER_PROFILE"),
        ] = None,
    ) -> None:
        context.obj = {"home": home, "profile": profile}
        context.meta[PROVIDED] = provided

    @app.command()
    def version() -> None:
        """Print the version."""
        print(__version__)

    backup_commands.register(app)
    provided: dict[str, Callable[[], Any]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        # A folder may hand in what another one must not import: by name, made when it is asked for.
        provided |= entry.load()(app) or {}
    return app


def root_options_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--home` and `--profile` before the sub-command, wherever they were typed."""
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in ROOT_OPTIONS:
            first += [argument, *islice(waiting, 1)]
        elif argument.startswith(tuple(f"{option}=" for option in ROOT_OPTIONS)):
            first.append(argument)
        else:
            rest.append(argument)
    return [*first, *rest]


def main() -> None:
    """Run the command; what Sourcier reports on purpose is printed without a traceback."""
    try:
        build()(root_options_first(sys.argv[1:]))
    except SourcierError as error:
        print(f"sourcier: {error}", file=sys.stderr)
        raise SystemExit(EXIT_MISUSED if isinstance(error, InvalidSettings) else EXIT_FAILED) from None
    except BrokenPipeError:
        raise SystemExit(EXIT_FAILED) from None
