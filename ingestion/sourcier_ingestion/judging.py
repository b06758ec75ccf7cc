"""A version's passport -> what its administrator is told: ready, or partial with reason and remedy."""

from sourcier_core.types import DocumentStatus, Passport

LISTED = 20  # pages named in a reason

Judgement = tuple[DocumentStatus, str | None, str | None]  # status, reason, its code


def judge(passport: Passport, how_to_read_scans: str) -> Judgement:
    """Return a version's status, why it is not whole, and the code of the first cause.

    Args:
        passport: Of the version.
        how_to_read_scans: What would make OCR read pages without text.
    """
    causes: list[tuple[str, str]] = []
    total = passport.pages
    if passport.image_only:
        reason = (
            f"{len(passport.image_only)} of {total} pages hold an image and no text that could be read "
            f"({_listed(passport.image_only)}): they are not searched. {how_to_read_scans} "
            "Then delete the document and add it again."
        )
        causes.append(("pages_without_text", reason))
    if passport.unreadable:
        reason = (
            f"{len(passport.unreadable)} of {total} pages could not be read "
            f"({_listed(passport.unreadable)}): they are not searched. Export the file again."
        )
        causes.append(("pages_unreadable", reason))
    if passport.repaired:
        reason = (
            "The file is damaged and was repaired to be read: pages may be missing. Export or copy it again."
        )
        causes.append(("document_repaired", reason))
    elif passport.second_reader:
        reason = (
            f"{len(passport.second_reader)} of {total} pages are damaged and were read by other means "
            f"({_listed(passport.second_reader)}): words may be missing. Export the file again."
        )
        causes.append(("pages_repaired", reason))
    if not causes:
        return DocumentStatus.READY, None, None
    return DocumentStatus.PARTIAL, " ".join(reason for _, reason in causes), causes[0][0]


def _listed(pages: tuple[int, ...]) -> str:
    return ", ".join(map(str, pages[:LISTED])) + (", ..." if len(pages) > LISTED else "")
