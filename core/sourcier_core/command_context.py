"""What every sub-command starts with: its settings, and the server that owns the home, where one runs."""

from dataclasses import dataclass
from typing import Any

import typer

from sourcier_core.home import Home
from sourcier_core.remote import RemoteServer
from sourcier_core.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Settings, and how to reach the home's data."""

    settings: Settings
    server: RemoteServer | None  # None: this process may open the home itself


def command_context(context: typer.Context) -> CommandContext:
    """Read the settings that the root's options name, and look for a running server.

    Raises:
        InvalidSettings: A settings file or variable cannot be used.
    """
    options: dict[str, Any] = context.obj or {}
    settings = load_settings(profile=options.get("profile"), home=options.get("home"))
    running = Home(settings.home).running_server()
    if running is None:
        return CommandContext(settings, None)
    typer.echo(f"(through the server at {running.address}, which owns {settings.home})", err=True)
    return CommandContext(settings, RemoteServer(running))
