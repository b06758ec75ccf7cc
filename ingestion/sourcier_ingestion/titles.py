"""A file's metadata and name -> the title people know the document by."""

import re
from pathlib import PurePosixPath

_JUNK = re.compile(
    r"^(untitled|sans titre|document\d*|microsoft (word|powerpoint|excel)\b.*|.*\.(docx?|pdf|indd|pptx?))$",
    re.I,
)
_SEPARATORS = re.compile(r"[_\-\s]+")


def choose_title(metadata_title: str | None, name: str) -> str:
    """Return the metadata's title where it is one, else the file's name in words."""
    if metadata_title and len(metadata_title) >= 4 and not _JUNK.match(metadata_title.strip()):
        return metadata_title.strip()
    return name_in_words(name)


def context_title(title: str, name: str) -> str:
    """Return the title with what only the file's name tells, for the text that is embedded."""
    words = name_in_words(name)
    known = set(title.lower().split())
    extra = [word for word in words.split() if word.lower() not in known]
    return title if not extra else f"{title} ({words})"


def name_in_words(name: str) -> str:
    """Return a file's name without folder and suffix, its separators made spaces."""
    stem = PurePosixPath(name).stem
    return _SEPARATORS.sub(" ", stem).strip() or name
