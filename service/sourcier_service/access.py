"""The one rule of access: who may read what, and what a question may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sourcier_core.catalogue import Catalogue
from sourcier_core.errors import CollectionNotFound, DocumentNotFound, NotAuthenticated, NotPermitted
from sourcier_core.types import Collection, Document, Scope

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking."""

    subject: str  # for messages and logs; never a secret
    scopes: frozenset[str]
    anonymous: bool = False


ANONYMOUS = Principal("anonymous", frozenset({"ask", "search", "read"}), anonymous=True)
OPERATOR = Principal("the command line of this machine", frozenset({ADMIN}))


class Access:
    """Decides, for every way in."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def readable(self, principal: Principal) -> list[Collection]:
        """Return the collections that a principal may read: an administrator all, others the public ones."""
        known = self._catalogue.collections()
        return (
            known if ADMIN in principal.scopes else [collection for collection in known if collection.public]
        )

    def scope(self, principal: Principal, collections: Sequence[str] | None = None) -> Scope:
        """Return what a principal's search may see; a list of collections can only narrow it.

        Raises:
            CollectionNotFound: One of those named is not readable; whether it exists is not told.
        """
        readable = {collection.name for collection in self.readable(principal)}
        for name in collections or ():
            if name not in readable:
                raise CollectionNotFound(name)
        wanted = readable if collections is None else readable & set(collections)
        return Scope(frozenset(wanted), self._catalogue.sequence())

    def document(self, principal: Principal, document: str) -> Document:
        """Return a document that the principal may read.

        Raises:
            DocumentNotFound: There is none, or not for this principal.
        """
        found = self._catalogue.document(document)
        readable = {collection.name for collection in self.readable(principal)}
        if found is None or found.collection not in readable:
            raise DocumentNotFound(document)
        return found

    def require_admin(self, principal: Principal, action: str) -> None:
        """Let only administrators pass.

        Raises:
            NotAuthenticated: No key was sent.
            NotPermitted: The key is not an administrator's.
        """
        if ADMIN in principal.scopes:
            return
        if principal.anonymous:
            raise NotAuthenticated(f"To {action} needs a key")
        raise NotPermitted(action)
