"""Generations on the command line -> the API's JSON, from this process or the server that owns the home."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sourcier_core.command_context import command_context
from sourcier_core.remote import RemoteServer
from sourcier_core.settings import Settings
from sourcier_service.access import OPERATOR
from sourcier_service.api import generation_schemas as g
from sourcier_service.api.generation_routes import chosen_settings
from sourcier_service.gate import Gate
from sourcier_service.generation_work import GenerationWork, ReindexRequest
from sourcier_service.wiring import Services, open_services

POLL_SECONDS = 0.3  # between two looks at a generation that is being built
WORKING = ("building", "checking")


class GenerationTarget(Protocol):
    """What builds and swaps generations; bodies are those of the API."""

    settings: Settings

    def sets(self, named: Sequence[Path] | None) -> list[str]:
        """Return question sets as the target finds them."""
        ...

    def all(self) -> dict[str, Any]:
        """Return all generations."""
        ...

    def get(self, generation: int) -> dict[str, Any]:
        """Return one."""
        ...

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to build one."""
        ...

    def promote(self, generation: int, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to judge and promote one."""
        ...

    def rollback(self, body: dict[str, Any]) -> dict[str, Any]:
        """Go back to the former one."""
        ...

    def remove(self, generation: int) -> dict[str, Any]:
        """Cancel or remove one."""
        ...

    def prune(self) -> list[int]:
        """Remove former ones by the settings."""
        ...


class ServerGenerations:
    """The server that owns the home."""

    def __init__(self, settings: Settings, server: RemoteServer) -> None:
        self.settings = settings
        self._server = server

    def sets(self, named: Sequence[Path] | None) -> list[str]:
        """Return absolute paths: the server is on this machine, in another folder."""
        chosen = self.settings.gate.sets if named is None else named
        return [str(path.expanduser().absolute()) for path in chosen]

    def all(self) -> dict[str, Any]:
        """Return all generations."""
        return self._server.get("/v1/generations")

    def get(self, generation: int) -> dict[str, Any]:
        """Return one."""
        return self._server.get(f"/v1/generations/{generation}")

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to build one."""
        return self._server.post("/v1/generations", body)

    def promote(self, generation: int, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to judge and promote one."""
        return self._server.post(f"/v1/generations/{generation}/promote", body)

    def rollback(self, body: dict[str, Any]) -> dict[str, Any]:
        """Go back to the former one."""
        return self._server.post("/v1/generations/rollback", body)

    def remove(self, generation: int) -> dict[str, Any]:
        """Cancel or remove one."""
        return self._server.delete(f"/v1/generations/{generation}")

    def prune(self) -> list[int]:
        """Remove former ones by the server's settings."""
        removed: list[int] = self._server.post("/v1/generations/prune", {})["removed"]
        return removed


class HomeGenerations:
    """This process, which owns the home while it works."""

    def __init__(self, services: Services, gate: Gate | None) -> None:
        self.settings = services.settings
        self._work = GenerationWork(services, gate)

    def sets(self, named: Sequence[Path] | None) -> list[str]:
        """Return the paths as they are."""
        return [str(path) for path in named or ()]

    def all(self) -> dict[str, Any]:
        """Return all generations."""
        body = g.GenerationsBody(
            generations=[g.present_generation(row) for row in self._work.all()],
            differences=[g.present_difference(difference) for difference in self._work.differences()],
            audit=[g.present_audit(entry) for entry in self._work.audited()],
        )
        return body.model_dump(mode="json")

    def get(self, generation: int) -> dict[str, Any]:
        """Return one."""
        return g.present_generation(self._work.get(generation)).model_dump(mode="json")

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to build one."""
        asked = g.GenerationRequest.model_validate(body)
        settings = chosen_settings(self.settings, asked)
        begun = self._work.start(settings, _request(asked, promote=asked.promote), again=asked.again)
        return g.present_generation(begun).model_dump(mode="json")

    def promote(self, generation: int, body: dict[str, Any]) -> dict[str, Any]:
        """Begin to judge and promote one."""
        begun = self._work.promote(generation, _request(g.PromotionRequest.model_validate(body)))
        return g.present_generation(begun).model_dump(mode="json")

    def rollback(self, body: dict[str, Any]) -> dict[str, Any]:
        """Go back to the former one."""
        done = self._work.rollback(_request(g.PromotionRequest.model_validate(body)))
        return g.present_generation(done).model_dump(mode="json")

    def remove(self, generation: int) -> dict[str, Any]:
        """Cancel or remove one."""
        return g.present_generation(self._work.remove(generation)).model_dump(mode="json")

    def prune(self) -> list[int]:
        """Remove former ones by the settings."""
        return self._work.prune()

    def stop(self) -> None:
        """Stop what is under way; it goes on at the next start of a server, or with the same command."""
        self._work.stop()


@contextmanager
def open_generations(context: typer.Context, gate: Gate | None) -> Iterator[GenerationTarget]:
    """Give the server that owns the home, or open the home."""
    ready = command_context(context)
    if ready.server is not None:
        yield ServerGenerations(ready.settings, ready.server)
        return
    services = open_services(ready.settings, owner="sourcier generations")
    try:
        here = HomeGenerations(services, gate)
        try:
            yield here
        finally:
            here.stop()
    finally:
        services.close()


def follow(target: GenerationTarget, begun: dict[str, Any]) -> dict[str, Any]:
    """Show how far a generation is, until it is not worked on any more, and return it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[pages]}"))
    body = begun
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("building", total=None, pages="")
        while body["state"] in WORKING:
            build = body["build"]
            if build:
                pages = f"{build['pages_done']}/{build['pages_total']} pages"
                bar.update(
                    task, total=build["pages_total"] or None, completed=build["pages_done"], pages=pages
                )
            bar.update(task, description=f"generation {body['id']} {body['state']}")
            time.sleep(POLL_SECONDS)
            body = target.get(body["id"])
    return body


def print_generations(body: dict[str, Any]) -> None:
    """Print all generations as a table, and what the settings say otherwise."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table("generation", "state", "model", "tokens", "chunks", "gate", "promoted")
    for row in body["generations"]:
        made, build, gate = row["made_with"] or {}, row["build"] or {}, row["gate"]
        judged = "" if gate is None else "passed" if gate["passed"] else "not passed"
        tokens = f"{made['tokens']}+{made['context_tokens']}" if made else ""
        promoted = (row["promoted_at"] or "")[:19]
        chunks = str(build.get("chunks", ""))
        table.add_row(
            str(row["id"]), row["state"], str(made.get("model", "")), tokens, chunks, judged, promoted
        )
    console.print(table)
    for difference in body["differences"]:
        console.print(
            f"{difference['name']} is {difference['live']} in the live generation and "
            f"{difference['wanted']} in the settings",
            markup=False,
        )
    if body["differences"]:
        console.print("-> sourcier reindex (until then the live generation answers)")
    for entry in body["audit"][:10]:
        reason = f": {entry['reason']}" if entry["reason"] else ""
        console.print(
            f"{entry['at'][:19]} {entry['who']}: {entry['action']} {entry['subject']}{reason}", markup=False
        )


def print_generation(row: dict[str, Any]) -> None:
    """Print one generation: what it cost, and how it was judged."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Generation {row['id']}: {row['state']} ({row['fingerprint']})", markup=False)
    if build := row["build"]:
        vectors = build["vectors_reused"] + build["vectors_made"]
        console.print(
            f"{build['documents_total']} documents, {build['pages_total']} pages, {build['seconds']:.0f} s; "
            f"{build['vectors_reused']} of {vectors} vectors reused"
        )
        for failed in build["failed"]:
            console.print(f"  not indexed: {failed['document']}: {failed['reason']}", markup=False)
    if gate := row["gate"]:
        _print_gate(console, gate)
    if row["error"]:
        console.print(row["error"], markup=False)


def _print_gate(console: Console, gate: dict[str, Any]) -> None:
    table = Table("set", "questions of", "metric", "live", "new", "floor", "")
    for m in gate["metrics"]:
        new = "none" if m["candidate"] is None else f"{m['candidate']:.3f}"
        live = "none" if m["live"] is None else f"{m['live']:.3f}"
        mark = "" if m["passed"] else "[red]below[/]"
        table.add_row(
            m["set"], f"{m['group']} ({m['questions']})", m["name"], live, new, f"{m['floor']:.3f}", mark
        )
    console.print(table)
    verdict = "passed" if gate["passed"] else "not passed"
    console.print(f"Gate {verdict}: {gate['questions']} questions, calibration {gate['calibration']}")
    for warning in gate["warnings"]:
        console.print(f"warning: {warning}", markup=False)


def _request(asked: g.PromotionRequest, *, promote: bool = True) -> ReindexRequest:
    return ReindexRequest(
        who=OPERATOR.subject,
        reason=asked.reason,
        unchecked=asked.unchecked,
        promote=promote,
        sets=tuple(asked.sets),
    )
