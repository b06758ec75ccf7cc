import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sourcier_core.catalogue import Catalogue
from sourcier_core.catalogue_tables import keys
from sourcier_core.keys import PREFIX_LENGTH, KeyStore


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def store(catalogue: Catalogue) -> KeyStore:
    return KeyStore(catalogue.engine)


def test_a_key_is_recognised_with_its_scopes(store: KeyStore) -> None:
    secret = store.create(frozenset({"read", "admin"}))

    key = store.recognise(secret)

    assert key is not None
    assert key.scopes == {"read", "admin"}
    assert key.prefix == secret[:PREFIX_LENGTH]


def test_two_keys_are_told_apart(store: KeyStore) -> None:
    one, other = store.create(frozenset({"read"})), store.create(frozenset({"admin"}))

    found = [store.recognise(secret) for secret in (one, other)]

    assert one != other
    assert [key.scopes for key in found if key] == [{"read"}, {"admin"}]


def test_a_key_is_a_prefix_and_256_random_bits(store: KeyStore) -> None:
    secret = store.create(frozenset())

    # 32 bytes in base64 without padding: 32 * 8 / 6, rounded up, is 43 characters.
    assert secret.startswith("sk_")
    assert len(secret) == 3 + 43


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "x", lambda s: s[:-1] + "!", str.upper])
def test_a_key_that_differs_anywhere_is_not_recognised(store: KeyStore, change: "type[str]") -> None:
    secret = store.create(frozenset({"admin"}))

    assert store.recognise(change(secret)) is None


@pytest.mark.parametrize("presented", ["", "sk_", "Bearer", "clé", "x" * 10_000], ids=lambda s: s[:8])
def test_what_is_no_key_is_not_recognised(store: KeyStore, presented: str) -> None:
    store.create(frozenset({"admin"}))

    assert store.recognise(presented) is None


def test_a_prefix_alone_is_not_recognised(store: KeyStore) -> None:
    secret = store.create(frozenset({"admin"}))

    assert store.recognise(secret[:PREFIX_LENGTH]) is None


def test_only_the_digest_of_a_key_is_kept(store: KeyStore, catalogue: Catalogue, tmp_path: Path) -> None:
    secret = store.create(frozenset({"admin"}))

    with catalogue.engine.begin() as connection:
        row = connection.execute(select(keys)).one()

    assert row.digest == hashlib.sha256(secret.encode()).digest()
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret[PREFIX_LENGTH:].encode() not in on_disk


def test_the_store_tells_whether_a_key_was_ever_made(store: KeyStore) -> None:
    before = store.any()
    store.create(frozenset())

    assert (before, store.any()) == (False, True)
