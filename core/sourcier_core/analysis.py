"""Text -> terms, the same way for documents and questions: what lexical search and coverage compare.

Accents and case are folded, elisions split (l'agent -> agent), ligatures opened, digit groups joined
(1 577, 1,577 and 1577 are one term), function words dropped, the rest stemmed by Snowball.
"""

import re
import unicodedata
from functools import lru_cache

import Stemmer

from sourcier_core.language import ENGLISH, FRENCH

ANALYSER = "folded-snowball-3"  # part of an index generation's fingerprint: raised when terms change

# 1 577 / 1.577.000 / 1,577: groups of exactly three digits after one to three, whatever parts them.
# French sets a no-break space (U+00A0) or a narrow one (U+202F), typesetters a thin one (U+2009): written as
# escapes, for an editor shows them all as a space.
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:([ \u00a0\u202f\u2009.,’'])\d{3})(?:\1\d{3})*(?![\d]|[.,]\d)")
_GROUPED_DECIMAL = re.compile(
    r"(?<![\d.,])\d{1,3}(?:([ \u00a0\u202f\u2009,’'])\d{3})(?:\1\d{3})*(?=[.,]\d{1,2}(?!\d))"
)
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_PARTED = re.compile(r"\d[ \u00a0\u202f\u2009.,’']\d")  # what every number that the three above change has
_TERM = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+(?:\d+)?")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|aujourd)['’](?=\w)", re.IGNORECASE)
# Extraction glues a paragraph's last word to the next one's first (téléphonieChaque); names do it on purpose.
_GLUED = re.compile(r"\b[^\W\d_]*[^\W\d_A-ZÀ-Þ]{2}[A-ZÀ-Þ][^\W\d_A-ZÀ-Þ][^\W\d_]*\b")
_SEAM = re.compile(r"(?<=[^\W\d_A-ZÀ-Þ]{2})(?=[A-ZÀ-Þ][^\W\d_A-ZÀ-Þ])")
_LIGATURES = str.maketrans(
    {"œ": "oe", "æ": "ae", "Œ": "OE", "Æ": "AE", "ﬁ": "fi", "ﬂ": "fl", "ß": "ss", "’": "'"}
)


def fold(text: str) -> str:
    """Lower the case and drop the accents; ligatures are opened."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def normalise_numbers(text: str) -> str:
    """Write each number one way: no group separators, a point for decimals."""
    if not _PARTED.search(text):
        return text
    text = _GROUPED_DECIMAL.sub(lambda m: _digits(m.group()), text)
    text = _GROUPED.sub(lambda m: _digits(m.group()), text)
    return _DECIMAL_COMMA.sub(".", text)


def terms(text: str, language: str) -> list[str]:
    """Return the terms of a text of that language, in order, repeats kept.

    Args:
        text: Any text.
        language: "fr" is analysed as French, everything else as English.
    """
    return [stem(word, language) for word in unstopped(text, language)]


def question_terms(text: str, language: str) -> list[tuple[str, ...]]:
    """Return, for each word of a question, its terms under both analyses: cognates meet the other language.

    Each word once, in order; a word has one term where both analyses agree.
    """
    kept = unstopped(text, language)
    return list(dict.fromkeys(tuple(dict.fromkeys((_french_stem(w), _english_stem(w)))) for w in kept))


def unstopped(text: str, language: str) -> list[str]:
    """Return the folded words and numbers of a text of that language without its function words."""
    stopwords = _STOP_FRENCH if language == "fr" else _STOP_ENGLISH
    return [word for word in words(text) if word not in stopwords]


def stem(word: str, language: str) -> str:
    """Return the term of a folded word."""
    return _french_stem(word) if language == "fr" else _english_stem(word)


def words(text: str) -> list[str]:
    """Return the folded words and numbers of a text, elisions split, before stop words and stems.

    Words glued together (GitHub, téléphonieChaque) are there as one and as their parts.
    """
    both = _GLUED.sub(lambda match: f"{match.group()} {unglued(match.group())}", text)
    return _TERM.findall(fold(_ELISION.sub(" ", normalise_numbers(both))))


def unglued(text: str) -> str:
    """Part words where a capital follows two small letters in their midst: iPhone and McDonald stay whole."""
    return _SEAM.sub(" ", text)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


_french = Stemmer.Stemmer("french", 0)
_english = Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=65_536)
def _french_stem(word: str) -> str:
    return str(_french.stemWord(word))


@lru_cache(maxsize=65_536)
def _english_stem(word: str) -> str:
    return str(_english.stemWord(word))


# These two tell French from English, and are what many a question asks for.
_STOP_FRENCH = frozenset(fold(word) for word in FRENCH - {"délai", "jours"})
_STOP_ENGLISH = frozenset(ENGLISH)
