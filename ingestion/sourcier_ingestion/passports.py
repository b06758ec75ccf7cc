"""A version -> its passport: the one kept when it was read, else made from its stored pages."""

from sourcier_core.page_store import PageStore
from sourcier_core.passport import PassportMaker
from sourcier_core.passport_store import PassportStore
from sourcier_core.types import Passport


def find_passport(version: str, passports: PassportStore, pages: PageStore) -> Passport:
    """Return a version's passport, and keep it where it had to be made.

    Raises:
        FileNotFoundError: The version's pages are not stored.
    """
    known = passports.get(version)
    if known is not None:
        return known
    structure = pages.structure(version)
    maker = PassportMaker()
    for page in pages.in_order(version, structure.page_count):
        maker.see(page)
    made = maker.finish(structure)
    passports.put(version, made)
    return made
