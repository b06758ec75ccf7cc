from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from examples import VERSION, a_document

from sourcier_core.catalogue import Catalogue
from sourcier_core.errors import CollectionNotFound, DocumentNotFound, NotAuthenticated, NotPermitted
from sourcier_core.types import Document, MediaType, Structure
from sourcier_core.version_store import VersionStore
from sourcier_service.access import ADMIN, ANONYMOUS, OPERATOR, Access, Principal, may_see

ADMINISTRATOR = Principal("sk_123456789", frozenset({ADMIN}))
READER = Principal("sk_abcdefghi", frozenset({"ask", "search", "read"}))
NOBODY = Principal("sk_zzzzzzzzz", frozenset())

OPEN = a_document("guide.pdf", collection="samples")
CLOSED = a_document("salaries.pdf", collection="hr")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    made.add_collection("samples", public=True)
    made.add_collection("hr", public=False)
    for document in (OPEN, CLOSED):
        write = made.begin_write(document.id)
        made.commit_version(write, document, Structure(MediaType.PDF, page_count=10))
    yield made
    made.close()


@pytest.fixture
def access(catalogue: Catalogue) -> Access:
    return Access(catalogue)


@pytest.mark.parametrize(
    ("principal", "collections"),
    [
        (ADMINISTRATOR, {"samples", "hr"}),
        (OPERATOR, {"samples", "hr"}),
        (READER, {"samples"}),
        (NOBODY, {"samples"}),
        (ANONYMOUS, {"samples"}),
    ],
)
def test_administrators_read_all_and_others_what_is_public(
    access: Access, principal: Principal, collections: set[str]
) -> None:
    assert {collection.name for collection in access.readable(principal)} == collections
    assert access.scope(principal).collections == collections


def test_a_scope_reads_at_the_catalogues_sequence(access: Access, catalogue: Catalogue) -> None:
    assert access.scope(ANONYMOUS).sequence == catalogue.sequence() == 2  # two documents were committed


def test_a_list_of_collections_narrows(access: Access) -> None:
    assert access.scope(ADMINISTRATOR, ["hr"]).collections == {"hr"}
    assert access.scope(ADMINISTRATOR, ["hr", "samples", "hr"]).collections == {"hr", "samples"}


def test_an_empty_list_sees_nothing(access: Access) -> None:
    assert access.scope(ADMINISTRATOR, []).collections == frozenset()


@pytest.mark.parametrize("principal", [ANONYMOUS, READER, NOBODY])
def test_a_list_never_widens(access: Access, principal: Principal) -> None:
    with pytest.raises(CollectionNotFound):
        access.scope(principal, ["samples", "hr"])


def test_a_private_collection_and_none_at_all_are_told_in_the_same_words(access: Access) -> None:
    with pytest.raises(CollectionNotFound) as private:
        access.scope(ANONYMOUS, ["hr"])
    with pytest.raises(CollectionNotFound) as absent:
        access.scope(ANONYMOUS, ["xx"])

    assert str(private.value).replace("hr", "xx") == str(absent.value)


@pytest.mark.parametrize(
    ("principal", "document", "readable"),
    [
        (ADMINISTRATOR, OPEN, True),
        (ADMINISTRATOR, CLOSED, True),
        (READER, OPEN, True),
        (READER, CLOSED, False),
        (ANONYMOUS, OPEN, True),
        (ANONYMOUS, CLOSED, False),
    ],
)
def test_a_document_is_read_where_its_collection_is(
    access: Access, principal: Principal, document: Document, readable: bool
) -> None:
    if readable:
        assert access.document(principal, document.id) == document
    else:
        with pytest.raises(DocumentNotFound):
            access.document(principal, document.id)


def test_publishing_and_withdrawing_take_effect_at_once(access: Access, catalogue: Catalogue) -> None:
    catalogue.add_collection("hr", public=True)
    assert access.document(ANONYMOUS, CLOSED.id) == CLOSED

    catalogue.add_collection("hr", public=False)
    with pytest.raises(DocumentNotFound):
        access.document(ANONYMOUS, CLOSED.id)


def test_a_deleted_document_is_not_there_even_for_an_administrator(
    access: Access, catalogue: Catalogue
) -> None:
    catalogue.commit_delete(OPEN.id)

    with pytest.raises(DocumentNotFound):
        access.document(ADMINISTRATOR, OPEN.id)


def test_only_administrators_pass(access: Access) -> None:
    access.require_admin(ADMINISTRATOR, "delete documents")
    access.require_admin(OPERATOR, "delete documents")

    with pytest.raises(NotPermitted, match="may not delete documents"):
        access.require_admin(READER, "delete documents")
    with pytest.raises(NotPermitted):
        access.require_admin(NOBODY, "delete documents")
    with pytest.raises(NotAuthenticated, match="To delete documents needs a key"):
        access.require_admin(ANONYMOUS, "delete documents")


def test_a_document_deleted_and_added_again_does_not_bring_back_its_former_versions(
    catalogue: Catalogue,
) -> None:
    catalogue.commit_delete(OPEN.id)
    catalogue.finish_removal(OPEN.id)
    again = a_document("guide.pdf", collection="samples", version="f" * 64)

    catalogue.commit_version(catalogue.begin_write(again.id), again, Structure(MediaType.PDF, page_count=10))

    assert catalogue.document_version(OPEN.id, "f" * 64) is not None
    assert catalogue.document_version(OPEN.id, VERSION) is None


# --- groups, tags, days


def test_a_document_of_groups_is_for_their_members_and_administrators(
    access: Access, catalogue: Catalogue
) -> None:
    VersionStore(catalogue).change(OPEN.id, groups=frozenset({"legal", "board"}))
    member = Principal("ann", frozenset({"read"}), groups=frozenset({"board"}))
    stranger = Principal("bob", frozenset({"read"}), groups=frozenset({"sales"}))

    assert access.document(member, OPEN.id).id == OPEN.id
    assert access.document(ADMINISTRATOR, OPEN.id).id == OPEN.id
    assert [document.id for document in access.documents(member, "samples")] == [OPEN.id]
    for principal in (stranger, ANONYMOUS):
        with pytest.raises(DocumentNotFound):
            access.document(principal, OPEN.id)
        assert access.documents(principal, "samples") == []


def test_a_group_never_opens_a_collection_that_is_not_readable(access: Access, catalogue: Catalogue) -> None:
    VersionStore(catalogue).change(CLOSED.id, groups=frozenset({"board"}))
    member = Principal("ann", frozenset({"read"}), groups=frozenset({"board"}))

    with pytest.raises(DocumentNotFound):
        access.document(member, CLOSED.id)


def test_a_scope_has_the_askers_groups_and_no_limit_for_administrators(access: Access) -> None:
    member = Principal("ann", frozenset({"ask"}), groups=frozenset({"board"}))

    assert access.scope(member).groups == frozenset({"board"})
    assert access.scope(ANONYMOUS).groups == frozenset()
    assert access.scope(OPERATOR).groups is None


def test_a_scope_reads_as_of_today_or_the_day_asked_for(catalogue: Catalogue) -> None:
    access = Access(catalogue, lambda: date(2026, 3, 1))

    now, then = access.scope(ANONYMOUS), access.scope(ANONYMOUS, as_of=date(2025, 1, 31))

    assert (now.day, then.day) == (date(2026, 3, 1).toordinal(), date(2025, 1, 31).toordinal())
    assert now.today == then.today == date(2026, 3, 1).toordinal()


def test_a_scope_leaves_out_what_was_deleted_and_is_not_purged(access: Access, catalogue: Catalogue) -> None:
    catalogue.commit_delete(OPEN.id)

    assert access.scope(OPERATOR).without == frozenset({OPEN.id})


def test_tags_narrow_and_an_empty_list_sees_nothing(access: Access, catalogue: Catalogue) -> None:
    VersionStore(catalogue).change(OPEN.id, tags=frozenset({"travel"}))
    document = access.document(ANONYMOUS, OPEN.id)

    seen = {
        tags: may_see(access.scope(ANONYMOUS, tags=tags), document)
        for tags in (("travel",), ("travel", "other"), ("other",), ())
    }

    assert seen == {("travel",): True, ("travel", "other"): True, ("other",): False, (): False}
