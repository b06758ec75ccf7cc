"""Text -> tokens in which two writings of the same answer are equal.

Kept apart from `sourcier_core.analysis` on purpose: a ruler must not change with what it measures, and what
is a function word to a search engine ("not", "jours", "sans") decides whether an answer is right.

Equal are: case, accents, ligatures, punctuation, signs and currencies; 1 577, 1,577, 1'577 and 1577; 0,42 and
0.42; 1577.00 and 1577. Different stay: inflections, synonyms, and numbers in words.
"""

import re
import unicodedata

# Single characters between groups of three digits; every kind of space is a plain one after NFKD.
_BY_SPACE = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?: \d{3})+(?!\d)")
_BY_SPACE_SURELY = re.compile(r"(?<![\d.,])[1-9]\d?(?: \d{3})+(?!\d)")
_BY_MARK = re.compile(r"(?<![\d.,])[1-9]\d{0,2}([,'\u2019])\d{3}(?:\1\d{3})*(?!\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d+)(?!\d|[.,]\d)")
_FRACTION = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?!\d|\.\d)")
_TOKEN = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "\N{SOFT HYPHEN}": None})

# Words without which an answer is still the same answer. Negations, quantities and units are not among them.
FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "and",
        "or",
        "to",
        "in",
        "for",
        "by",
        "on",
        "at",
        "with",
        "as",
        "from",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "their",
        "his",
        "her",
        "our",
        "your",
        "my",
        "which",
        "who",
        "whom",
        "whose",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "will",
        "would",
        "le",
        "la",
        "les",
        "l",
        "un",
        "une",
        "des",
        "du",
        "de",
        "d",
        "et",
        "ou",
        "a",
        "au",
        "aux",
        "en",
        "dans",
        "pour",
        "par",
        "sur",
        "avec",
        "ce",
        "cet",
        "cette",
        "ces",
        "c",
        "qui",
        "que",
        "qu",
        "dont",
        "est",
        "sont",
        "etait",
        "etaient",
        "etre",
        "ete",
        "il",
        "elle",
        "ils",
        "elles",
        "on",
        "se",
        "s",
        "son",
        "sa",
        "ses",
        "leur",
        "leurs",
        "votre",
        "vos",
        "notre",
        "nos",
        "mon",
        "ma",
        "mes",
        "j",
        "y",
        "ai",
        "ont",
        "avait",
    ]
)


def tokens(text: str, *, table_row: bool = False) -> list[str]:
    """Return the words and numbers of a text, in order, repeats kept.

    Args:
        text: Any text.
        table_row: Read `105 310 400` as three numbers, as in a row of a table, not as one: whoever compares
            tries both. `1 577` is one number either way.
    """
    numbers = _write_numbers_one_way(_fold(text), table_row=table_row)
    return _TOKEN.findall(numbers)


def content_tokens(text: str, *, table_row: bool = False) -> list[str]:
    """Return the tokens without function words; all of them if nothing else is there ("Il y est")."""
    every = tokens(text, table_row=table_row)
    return [token for token in every if token not in FUNCTION_WORDS] or every


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _write_numbers_one_way(text: str, *, table_row: bool) -> str:
    by_space = _BY_SPACE_SURELY if table_row else _BY_SPACE
    text = by_space.sub(lambda found: found.group().replace(" ", ""), text)
    text = _BY_MARK.sub(lambda found: found.group().replace(found.group(1), ""), text)
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    return _FRACTION.sub(lambda found: found.group().rstrip("0").rstrip("."), text)
