"""Inline text of the samples' dialect: its marks, the wording of references, and where no line may end.

markdown_dialect.py (source -> blocks) checks the marks, pdf_blocks.py (blocks -> flowables) sets them.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["chapter", "section", "annex"]

NBSP = "\u00a0"
WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "chapter": "chapitre",
        "section": "section",
        "annex": "annexe",
        "page": "page",
        "table": "Tableau",
        "continued": "suite",
        "contents": "Sommaire",
        "revisions": "Suivi des révisions",
        "revision columns": "Version|Date|Objet de la révision",
    },
    "en": {
        "chapter": "chapter",
        "section": "section",
        "annex": "annex",
        "page": "page",
        "table": "Table",
        "continued": "continued",
        "contents": "Contents",
        "revisions": "Revision record",
        "revision columns": "Version|Date|What changed",
    },
}


REFERENCE = re.compile(r"\{@([^}]*)\}")
LED_REFERENCE = re.compile(r"(?P<lead>(?:\b\w+ )?)\{@(?P<anchor>[^}]*)\}")
BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![\w*])")

ARTICLES: dict[Kind, str] = {"chapter": "le ", "section": "la ", "annex": "l'"}
BARE_LEADS = {"en ", "voir ", "Voir ", "et ", "ou ", "cf "}
"""French words that a reference follows without an article."""
UNITS = "m|m2|m3|m²|m³|km|cm|mm|kg|g|mg|µg|t|h|min|s|l|ml|kW|kVA|kV|V|A|bar|%|€|°C"
UNIT_SPACE = re.compile(rf"(?<=\d) (?=(?:\d{{3}}|{UNITS})(?!\w))")


def reference_text(kind: Kind, number: str, label: str, lang: str) -> str:
    """'section 4.2, page 57', 'chapitre 3, page 21', 'annex C, page C-1'."""
    words = WORDS[lang]
    return f"{words[kind]}{NBSP}{number}, {words['page']}{NBSP}{label}"


def reference_lead(lead: str, kind: Kind, lang: str) -> str:
    """The word before a reference; French wants an article: 'de ' -> 'de l'', 'du ', 'de la '."""
    if lang != "fr" or not lead or lead in BARE_LEADS:
        return lead
    article = ARTICLES[kind]
    contracted = {"de le ": "du ", "à le ": "au "}
    return contracted.get(lead + article, lead + article)


def plain(text: str) -> str:
    """The text without its bold and italic marks."""
    return ITALIC.sub(r"\1", BOLD.sub(r"\1", text))


def typeset(text: str, lang: str) -> str:
    """No-break spaces where no line may end: in a figure and before its unit, at French punctuation."""
    text = UNIT_SPACE.sub(NBSP, text)
    if lang == "fr":
        text = re.sub(r" (?=[:;?!»%€])", NBSP, text)
        text = re.sub(r"(?<=«) ", NBSP, text)
        text = re.sub(r"(?<=\w):$", f"{NBSP}:", text)
    return text
