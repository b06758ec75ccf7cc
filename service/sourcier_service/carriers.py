"""The words of a sentence or row -> whether they hold what a kind of question asks for."""

import re
from functools import lru_cache

from sourcier_core.analysis import fold
from sourcier_service.question_kinds import Kind

_NUMBER_WORDS = (
    r"(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|"
    r"soixante|cent|mille|demi|tiers|quart|moitie|double|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|hundred|thousand|half|third|quarter|once|twice|"
    r"une fois)"
)
_MONTHS = (
    r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre|january|"
    r"february|march|april|may|june|july|august|september|october|november|december)"
)
_SPANS = (
    r"(?:secondes?|minutes?|min|heures?|h|jours?|journees?|nuits?|semaines?|mois|trimestres?|semestres?|"
    r"ans?|annees?|seconds?|hours?|days?|nights?|weeks?|months?|quarters?|years?)"
)
# A step's own number, a section's or an article's is no figure that answers.
_REFERENCES = re.compile(
    r"^\(?\d{1,2}[.)]\s|\b(?:page|p\.|section|annexe|annex|tableau|table|article|art\.|chapitre|chapter|"
    r"figure|note|step|etape|version)\s*[a-z]?[\d.-]+"
)
_PATTERNS: dict[Kind, str] = {
    Kind.AMOUNT: rf"\d|\b{_NUMBER_WORDS}\b|\b(?:gratuit|aucun frais|free of charge|no limit|sans limite)",
    Kind.DURATION: (
        rf"\b(?:\d[\d.,]*|{_NUMBER_WORDS}|un|une|an?|each|chaque|par|per|every)[ -]+(?:\w+ )?{_SPANS}\b"
        r"|\b(?:quotidien|hebdomadaire|mensuel|trimestriel|semestriel|annuel|immediat|daily|weekly|monthly|"
        r"quarterly|yearly|annual|immediate|sans delai|aussitot|at once|straight away)"
    ),
    Kind.DATE: (
        rf"\b(?:\d{{1,2}}(?:er|st|nd|rd|th)? (?:of )?{_MONTHS}|{_MONTHS} \d|(?:19|20)\d\d)\b"
        r"|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|"
        r"friday|saturday|"
        rf"sunday)s?\b|\b\d{{1,2}} ?(?:h|heures?)(?: ?\d\d)?\b|\b\d{{1,2}}:\d\d\b|\b\d{{1,2}} ?[ap]\.?m\b|"
        rf"\b(?:debut|fin|avant|apres|courant|end of|early|late|before|after|in|en|du|from|by) {_MONTHS}\b"
        r"|\b(?:avant|apres|des|lors|when|once|after|before|as soon as|jusqu'a|until)\b"
    ),
    Kind.PERSON: (
        r"\b(?:directeur|directrice|direction|chef|cheffe|responsable|agent|service|comptable|regisseur|"
        r"tresorerie|secretariat|secretaire|bureau|commission|conseil|comite|operateur|ingenieur|"
        r"capitainerie|commandant|officier|referent|delegue|gestionnaire|medecin|president|maire|juge|"
        r"ministere|prefet|autorite|encadrant|tuteur|equipe|manager|director|officer|supervisor|coordinator|"
        r"adviser|advisor|office|team|department|unit|head|lead|leader|foreman|master|operator|committee|"
        r"board|council|authority|doctor|accountant|treasurer|staff|employer|employee|contractor|"
        r"representative|liaison|specialist|human resources|hr|crew|captain)s?\b|[\w.+-]+@[\w-]+\.\w|"
        r"\b(?:poste|extension|ext\.?|tel\.?|telephone|phone)\b.{0,12}\d|\b(?:0\d|\+\d\d)(?:[ .-]?\d\d){4}|"
        r"\(\d{3}\) ?\d{3}"
    ),
    Kind.YES_NO: (
        r"\b(?:oui|non|yes|no|peut|peuvent|pouvez|peux|doit|doivent|devez|dois|faut|interdit|autorise|"
        r"permis|obligatoire|facultati|possible|impossible|jamais|aucun|aucune|uniquement|seulement|admis|"
        r"refuse|accorde|droit|exige|requis|soumis|dispense|necessaire|sauf|tenu|can|cannot|may|must|never|"
        r"not|only|shall|should|allowed|required|prohibited|forbidden|permitted|eligible|entitled|mandatory|"
        r"optional|nobody|no one|unless|except|need|needs|void|valid|counts?|excluded?|refused)\w*\b|"
        r"\b(?:ne|n')\b.{1,40}\bpas\b|n't\b"
    ),
    Kind.STEPS: (
        r"^\(?\d{1,2}[.)]\s|^[•▪◦●○■□\-–—*➢✓] |\b(?:d'abord|ensuite|enfin|puis|premierement|first|then|next|"
        r"finally|lastly|afterwards)\b|\b(?:cliquez|remplissez|envoyez|adressez|rendez|demandez|remplir|"
        r"envoyer|adresser|demander|click|fill|submit|send|email|select|complete|request|visit|go to|follow|"
        r"open|enter|contact|ask)\b"
    ),
    Kind.LIST: r"(?:[,;].*){2}|[,;].*\b(?:et|ou|and|or)\b|^[•▪◦●○■□\-–—*➢✓] |: .*[,;]",
    Kind.PLACE: (
        r"\b(?:bureau|batiment|salle|etage|hall|quai|site|adresse|rue|avenue|place|guichet|accueil|siege|"
        r"portail|intranet|page|formulaire|menu|onglet|depot|magasin|local|port|usine|gare|maison|room|"
        r"building|floor|office|address|street|desk|store|website|site|portal|form|tab|folder|drive|channel|"
        r"repository|gate|yard|quay|point|entrance)s?\b|https?://|www\.|\b(?:situe|se trouve|located|found|"
        r"stored|kept|available|accessible|disponible|depose)\w*\b"
    ),
    Kind.DEFINITION: (
        r"^(?:[\w'’()& -]{2,60}? )?(?:est|sont|designent?|signifie|correspond|consiste|regroupe|is|are|"
        r"means?|refers? to|stands for|covers?|describes?|represents?|consists?)\b|^[\w'’() -]{2,50} ?: \w|"
        r"\b(?:on entend par|c'est|appelee?|also called|known as|defined as|so called)\b"
    ),
    Kind.REASON: (
        r"\b(?:parce qu|car|puisqu|afin|pour qu|en raison|grace a|permet|permettent|because|since|so that|"
        r"in order|due to|therefore|purpose|reason|raisons?|objectif|aim|allows?|ensures?|evite|avoid)"
    ),
}
_CARRIERS = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in _PATTERNS.items()}
_FIGURES = frozenset({Kind.AMOUNT, Kind.DURATION, Kind.DATE})
# Two capitalised words in mid-sentence: a name, or an office written as one.
_NAME = re.compile(r"(?<=[a-zà-ÿ,] )(?:[A-ZÀ-Ý][\w'’-]+ ){1,3}[A-ZÀ-Ý][\w'’-]+")


def carries(kind: Kind, words: str) -> bool:
    """Tell whether a unit's words hold what a kind of question asks for.

    Args:
        kind: What is asked for.
        words: Of the unit, white space folded.
    """
    return kind in _kinds_carried(words)


@lru_cache(maxsize=8192)
def _kinds_carried(words: str) -> frozenset[Kind]:
    folded = fold(words)
    figures = _REFERENCES.sub(" ", folded)
    carried = {
        kind for kind, pattern in _CARRIERS.items() if pattern.search(figures if kind in _FIGURES else folded)
    }
    if _NAME.search(words):
        carried.add(Kind.PERSON)
    return frozenset(carried)
