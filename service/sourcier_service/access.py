"""The one rule of access: who may read what, and what a question may see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sourcier_core.catalogue import Catalogue
from sourcier_core.errors import CollectionNotFound, DocumentNotFound, NotAuthenticated, NotPermitted
from sourcier_core.types import NOBODY_IN_PARTICULAR, Collection, Document, Scope
from sourcier_core.upkeep import utc_today

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking."""

    subject: str  # for messages and logs; never a secret
    scopes: frozenset[str]
    anonymous: bool = False
    groups: frozenset[str] = NOBODY_IN_PARTICULAR  # that it belongs to


ANONYMOUS = Principal("anonymous", frozenset({"ask", "search", "read"}), anonymous=True)
OPERATOR = Principal("the command line of this machine", frozenset({ADMIN}))


def may_see(scope: Scope, document: Document) -> bool:
    """Tell whether a scope reaches a document, by the rule that the index applies to each chunk."""
    return (
        document.collection in scope.collections
        and document.id not in scope.without
        and (scope.groups is None or not document.groups or bool(document.groups & scope.groups))
        and (scope.tags is None or bool(document.tags & scope.tags))
        and (scope.documents is None or document.id in scope.documents)
    )


class Access:
    """Decides, for every way in."""

    def __init__(self, catalogue: Catalogue, today: Callable[[], date] = utc_today) -> None:
        self._catalogue = catalogue
        self._today = today

    def readable(self, principal: Principal) -> list[Collection]:
        """Return the collections that a principal may read: an administrator all, others the public ones."""
        known = self._catalogue.collections()
        return (
            known if ADMIN in principal.scopes else [collection for collection in known if collection.public]
        )

    def scope(
        self,
        principal: Principal,
        collections: Sequence[str] | None = None,
        *,
        tags: Sequence[str] | None = None,
        as_of: date | None = None,
    ) -> Scope:
        """Return what a principal's search may see; what the caller names can only narrow it.

        Args:
            principal: Who asks.
            collections: Only these.
            tags: Only documents that bear one of them.
            as_of: The day whose versions are wanted; default today's.

        Raises:
            CollectionNotFound: One of those named is not readable; whether it exists is not told.
        """
        readable = {collection.name for collection in self.readable(principal)}
        for name in collections or ():
            if name not in readable:
                raise CollectionNotFound(name)
        wanted = readable if collections is None else readable & set(collections)
        view = self._catalogue.view()
        today = self._today()
        return Scope(
            collections=frozenset(wanted),
            sequence=view.sequence,
            day=(as_of or today).toordinal(),
            groups=None if ADMIN in principal.scopes else principal.groups,
            tags=None if tags is None else frozenset(tags),
            without=view.removed,
            today=today.toordinal(),
            revision=view.revision,
        )

    def documents(self, principal: Principal, collection: str | None = None) -> list[Document]:
        """Return the documents that a principal may read, by collection and name.

        Raises:
            CollectionNotFound: That one is not readable.
        """
        scope = self.scope(principal, None if collection is None else [collection])
        known = self._catalogue.documents(sorted(scope.collections))
        return [document for document in known if may_see(scope, document)]

    def document(self, principal: Principal, document: str) -> Document:
        """Return a document that the principal may read.

        Raises:
            DocumentNotFound: There is none, or not for this principal.
        """
        found = self._catalogue.document(document)
        if found is None or not may_see(self.scope(principal), found):
            raise DocumentNotFound(document)
        return found

    def is_admin(self, principal: Principal) -> bool:
        """Tell whether a principal may do everything."""
        return ADMIN in principal.scopes

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
