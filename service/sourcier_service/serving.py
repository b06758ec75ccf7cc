"""`sourcier serve`: opens a home, listens, leaves a note for the other commands, and tidies up at the end."""

import signal
import socket
import threading
from types import FrameType

import uvicorn
from rich.console import Console
from rich.markup import escape

from sourcier_core.errors import InvalidSettings, SourcierError
from sourcier_core.settings import Settings
from sourcier_service.access import ADMIN, OPERATOR
from sourcier_service.api.app import create_app
from sourcier_service.api.presenting import present_answer
from sourcier_service.asking import print_answer
from sourcier_service.gate import Gate
from sourcier_service.generation_work import GenerationWork
from sourcier_service.wiring import Services, open_services

DRAIN_SECONDS = 10  # that questions under way get when the server is told to stop


def run_server(settings: Settings, first_question: str | None = None, gate: Gate | None = None) -> None:
    """Serve until stopped.

    Args:
        settings: Which home, and where to listen.
        first_question: Asked once ready; its answer is printed.
        gate: Judges generations before they go live.

    Raises:
        InvalidSettings: The address cannot be listened on.
        DependencyError: Something that cannot be opened.
    """
    # uvicorn shuts down on SIGTERM, then raises it again: by default that would end the process without the
    # tidying below.
    signal.signal(signal.SIGTERM, _end)
    services = open_services(settings, owner="sourcier serve")
    home = services.stores.home
    generations = GenerationWork(services, gate)
    try:
        with _listen(settings) as listening:
            address = f"http://{_host(settings.http.host)}:{listening.getsockname()[1]}"
            server_note = home.announce(address)
            app = create_app(services, operator_token=server_note.token, generations=generations)
            config = uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
                server_header=False,
            )
            server = uvicorn.Server(config)
            greeting = threading.Thread(
                target=_greet, args=(server, services, address, first_question), daemon=True
            )
            greeting.start()
            server.run(sockets=[listening])
    finally:
        home.withdraw()
        generations.stop()
        services.close()


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.http.host else socket.AF_INET
    try:
        return socket.create_server((settings.http.host, settings.http.port), family=family, backlog=512)
    except OSError as error:
        where = f"http.host and http.port ({settings.http.host}:{settings.http.port})"
        raise InvalidSettings(where, f"{error.strerror}; choose another --port, 0 for a free one") from error


def _host(host: str) -> str:
    """Return an address that a browser on this machine can open."""
    anywhere = host in ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
    return "127.0.0.1" if anywhere else f"[{host}]" if ":" in host else host


def _greet(server: uvicorn.Server, services: Services, address: str, first_question: str | None) -> None:
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.05)
    console = Console(highlight=False)
    console.print(f"Sourcier answers at [bold]{address}[/]  (Ctrl-C stops it)")
    if services.stores.keys.any():
        home = services.settings.home
        console.print(
            f"The admin key was printed at the first start; `sourcier keys --home {home}` makes another."
        )
    else:
        key = services.stores.keys.create(frozenset({ADMIN}))
        console.print(f"First admin key, shown only now: [bold]{key}[/]")
    if first_question:
        console.print(f"\n[bold]{escape(first_question)}[/]")
        try:
            answer = services.answering.answer(first_question, services.access.scope(OPERATOR))
        except SourcierError as error:
            console.print(f"sourcier: {error}", markup=False)
        else:
            print_answer(present_answer(answer).model_dump(mode="json"))
