"""A question on the command line -> the API's JSON, from this process or the server that owns the home."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape

from sourcier_core.catalogue import Catalogue
from sourcier_core.command_context import CommandContext
from sourcier_core.home import Home
from sourcier_core.keys import KeyStore
from sourcier_core.types import Scope
from sourcier_ingestion.naming import read_day
from sourcier_service.access import ADMIN, OPERATOR, Access
from sourcier_service.api.presenting import present_answer, present_search
from sourcier_service.wiring import open_services


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a question is asked of; None: no limit."""

    collections: Sequence[str] | None = None
    tags: Sequence[str] | None = None
    as_of: str | None = None  # a day, as 2026-03-31

    def body(self) -> dict[str, Any]:
        """Return it as a request's fields."""
        return {"collections": self.collections, "tags": self.tags, "as_of": self.as_of}

    def scope(self, access: Access) -> Scope:
        """Return what this machine's user may see of it.

        Raises:
            CollectionNotFound: There is none of a name.
            InvalidPeriod: The day cannot be read.
        """
        day = read_day(self.as_of) if self.as_of else None
        return access.scope(OPERATOR, self.collections, tags=self.tags, as_of=day)


def ask_question(ready: CommandContext, question: str, narrowed: Narrowing) -> dict[str, Any]:
    """Return the body of POST /v1/answer."""
    if ready.server is not None:
        return ready.server.post("/v1/answer", {"question": question, **narrowed.body()})
    services = open_services(ready.settings, owner="sourcier ask")
    try:
        answer = services.answering.answer(question, narrowed.scope(services.access))
        return present_answer(answer).model_dump(mode="json")
    finally:
        services.close()


def search_passages(ready: CommandContext, question: str, narrowed: Narrowing, limit: int) -> dict[str, Any]:
    """Return the body of POST /v1/search."""
    if ready.server is not None:
        return ready.server.post("/v1/search", {"question": question, "limit": limit, **narrowed.body()})
    services = open_services(ready.settings, owner="sourcier search")
    try:
        found = services.answering.search(question, narrowed.scope(services.access), limit=limit)
        return present_search(found).model_dump(mode="json")
    finally:
        services.close()


def create_admin_key(ready: CommandContext) -> str:
    """Make an administrator's key; the catalogue takes it also while a server runs."""
    home = Home(ready.settings.home)
    home.create()
    catalogue = Catalogue(home.catalogue_url)
    try:
        return KeyStore(catalogue.engine).create(frozenset({ADMIN}))
    finally:
        catalogue.close()


def print_answer(body: dict[str, Any]) -> None:
    """Print an answer's sentences and where they stand, or the nearest passages."""
    console = Console(highlight=False)
    if body["status"] == "no_answer":
        french = body["language"] == "fr"
        console.print(f"[bold]{_VERDICT[body['reason']][french]}[/]")
        console.print(_why(body, french=french))
        if body["passages"]:
            console.print("Les passages les plus proches :" if french else "The nearest passages:")
            print_passages(body["passages"][:3])
        return
    contexts = {citation["n"]: citation["context"] for citation in body["citations"]}
    shown = None
    for sentence in body["sentences"]:
        context = contexts.get(sentence["citations"][0]) if sentence["citations"] else None
        if context is not None and context != shown:
            console.print(f"[dim]{escape(' '.join(context['text'].split()))}[/]")
        shown = context
        marks = "".join(f"[{n}]" for n in sentence["citations"])
        console.print(f"{escape(sentence['text'])} [bold cyan]{escape(marks)}[/]")
    for citation in body["citations"]:
        state = "" if citation["verified"] else "  (not verified)"
        console.print(
            f"  [cyan]{escape('[' + str(citation['n']) + ']')}[/] {escape(_place(citation))}{state}"
        )


# By reason: in English, in French.
_VERDICT = {
    "nothing_searched": ("There is no document to search.", "Il n'y a aucun document à consulter."),
    "no_words": (
        "There is nothing in the question to look for.",
        "Il n'y a rien à chercher dans la question.",
    ),
    "no_evidence": ("The documents do not say.", "Les documents ne le disent pas."),
    "low_support": ("Not found with enough certainty.", "Pas trouvé avec assez de certitude."),
}
_WHY = {
    "nothing_searched": ("None is here that may be read, yet.", "Aucun ne peut encore être lu ici."),
    "no_words": (
        "Ask with the words that the documents might use.",
        "Demandez avec les mots que les documents pourraient employer.",
    ),
    "no_evidence": ("No page deals with this question.", "Aucune page ne traite de cette question."),
    "low_support": (
        "Some pages come near the question; none answers it clearly enough to be quoted.",
        "Des pages approchent la question ; aucune n'y répond assez clairement pour être citée.",
    ),
}


def _why(body: dict[str, Any], *, french: bool) -> str:
    """Return why there is no answer, and what was searched."""
    why = _WHY[body["reason"]][french]
    documents, pages = body["searched"]["documents"], body["searched"]["pages"]
    if not pages:
        return why
    if french:
        return f"{why} Consultés : {documents} documents, {pages} pages."
    return f"{why} Searched: {documents} documents, {pages} pages."


def print_search(body: dict[str, Any]) -> None:
    """Print the passages found, or why there is none."""
    print_passages(body["passages"])
    if not body["passages"]:
        reason = body["reason"]
        verdict = "No page was found." if reason == "no_evidence" else _VERDICT[reason][0]
        Console(highlight=False).print(f"[bold]{verdict}[/] {_WHY[reason][0]}")


def print_passages(passages: Sequence[dict[str, Any]]) -> None:
    """Print where passages stand and how they begin."""
    console = Console(highlight=False)
    for passage in passages:
        console.print(f"[cyan]{escape(_place(passage))}[/]")
        console.print(f"  {escape(' '.join(passage['text'].split())[:200])}")


def _place(found: dict[str, Any]) -> str:
    parts = [found["document"]["title"]]
    if found["page"] is not None:
        label = found["page_label"]
        parts.append(f"page {label} (PDF {found['page']})" if label else f"page {found['page']}")
    if found["section"]:
        parts.append(" > ".join(found["section"]))
    return ", ".join(parts) + _effect(found)


def _effect(found: dict[str, Any]) -> str:
    """Say of a version that was superseded, or is to end, when it is in effect."""
    start, end = found["effective_from"], found["effective_to"]
    if end is None:
        return ""
    period = f"{start or '...'} to {end}"
    return f" (superseded: in effect {period})" if found["superseded"] else f" (in effect {period})"
