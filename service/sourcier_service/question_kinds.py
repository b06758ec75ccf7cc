"""A question's words -> what sort of answer it asks for, in French and English, typed as people type."""

import re
from enum import StrEnum

from sourcier_core.analysis import fold


class Kind(StrEnum):
    """What an answer must hold to be one."""

    AMOUNT = "amount"  # a number, sum, rate, size or limit
    DURATION = "duration"  # a time span, deadline or interval
    DATE = "date"  # a day, month or hour
    PERSON = "person"  # who: a person, an office, how to reach them
    YES_NO = "yes_no"  # a permission, duty, ban or fact
    STEPS = "steps"  # what to do, in order
    LIST = "list"  # several things of one sort
    PLACE = "place"  # where
    DEFINITION = "definition"  # what something is
    REASON = "reason"  # why


_UNIT_OF_TIME = (
    r"(?:temps|secondes?|minutes?|heures?|jours?|nuits?|semaines?|mois|trimestres?|ans|annees?|time|"
    r"seconds?|hours?|days?|nights?|weeks?|months?|quarters?|years?)"
)
_MEASURES = (
    r"(?:montant|taux|prix|tarif|cout|plafond|seuil|nombre|pourcentage|quota|maximum|maximale?|minimum|"
    r"minimale?|maxi|mini|max|min|limite|budget|indemnite|amende|penalite|franchise|distance|pression|"
    r"profondeur|temperature|vitesse|hauteur|longueur|largeur|poids|puissance|dose|debit|volume|rayon|age|"
    r"note|prime|canal|valeur|effectif|quorum|amount|rate|price|fee|cost|ceiling|threshold|number|"
    r"percentage|limit|allowance|penalty|fine|distance|pressure|depth|temperature|speed|height|length|width|"
    r"weight|power|radius|value|score|salary|channel)"
)
# Each is looked for in the folded question: lower case, no accents, straight apostrophes.
_PATTERNS: dict[Kind, str] = {
    Kind.AMOUNT: (
        rf"\bcombien\b(?! (?:de |d'){_UNIT_OF_TIME})|\bhow (?:much|many|close|far|high|deep|old|big|heavy|"
        rf"wide|tall)\b|\b{_MEASURES}s?\b|\b(?:at|from|to|over|above|below|within|beyond) what \w"
        r"|\b(?:worth|most i can)\b"
    ),
    Kind.DURATION: (
        rf"\bcombien (?:de |d'){_UNIT_OF_TIME}\b|\b(?:sous|tou(?:s|tes) les|au bout de|dans|en|"
        rf"pendant) combien\b"
        r"|\bdelais?\b|\bdur(?:ees?|e|ent)\b|\bpreavis\b|\bperiodicite\b|\bfrequence\b|\bvalidite\b"
        rf"|\bhow (?:long|often|soon|fast|quickly|late|early|frequently)\b|\bhow many {_UNIT_OF_TIME}\b"
        r"|\b(?:deadlines?|duration|notice period|period of|time limit|longest|shortest|overdue|interval|"
        r"frequency)\b"
    ),
    Kind.DATE: (
        r"^quand (?:est-ce|faut|dois|doit|peut|puis)|^quand\b.*-(?:t-)?(?:il|ils|elle|elles|on|je|nous|"
        r"vous)\b|\bquand\b(?! (?:on|je|j'|il|ils|elle|elles|nous|vous|un|une|le|la|les|l'|ca|c'est|mon|ma|"
        r"mes|ils)\b)|\bquel(?:le)?s? (?:est |sont )?(?:la |le |les )?(?:dates?|jours?|heures?|mois|annees?|"
        r"echeances?|horaires?)\b|\bdate limite\b|(?:^|[,;:] ?|\b(?:and|or|by|until|since|so) )when\b|"
        r"\bwhen (?:is|are|do|does|did|can|will|must|should|has|have|would|to)\b|\b(?:what|"
        r"which) (?:is the |are the )?(?:time|date|day|month|year|hours)\b|\bopening hours\b"
    ),
    Kind.PERSON: (
        r"\bqui\b(?= (?:est|sont|peut|doit|dois|va|a|ont|signe|decide|paie|paye|valide|appeler|prevenir|"
        r"contacter|fait|delivre|autorise|gere|s'occupe|verifie|nomme|accorde|controle|prend|participe|"
        r"donne|remplace|rembourse))|(?:^|[,;:(] ?|\b(?:a|par|de|pour|avec|chez|aupres de|c'est|et|"
        r"sinon) )qui\b|\bquel(?:le)?s? (?:est |sont )?(?:la |le |les )?(?:service|direction|bureau|poste|"
        r"responsable|personne|interlocuteur|organisme|instance|autorite|contact|departement|"
        r"commission)s?\b|\b(?:contacter|joindre|m'adresser|s'adresser|coordonnees)\b|\bwho(?:m|se)?\b|"
        r"\b(?:should|can|do|to|must|could) (?:i |we |you )?contact\b|\bwhat (?:is the )?(?:phone|email|"
        r"e-mail|number to)\b|\b(?:which|what) (?:department|team|office|person|unit|manager|authority|"
        r"service|committee)s?\b"
    ),
    Kind.STEPS: (
        r"\bcomment\b(?! (?:s'appelle|est defini|se nomme))|\b(?:etapes?|marche a suivre|procedures?|"
        r"demarches?|modalites)\b|\bdans quel ordre\b|\bdans l'ordre\b|\bque (?:faire|dois-je faire|"
        r"doit-on faire|faut-il faire|fait-on|se passe-t-il)\b|\bcomme faire\b|\bque (?:peu[xt]|peuvent|"
        r"doi[st]|doivent)\b.{1,40}\bfaire\b|\b(?:je|on) fai(?:s|t) quoi\b|\bquoi faire\b|\ben fait quoi\b|"
        r"\bhow (?:do|can|could|should|would|must|may|to)\b(?!.{3,80}\b(?:affect|impact|influence|differ|"
        r"compare|relate|work)\b)|\bhow (?:is|are|was|does) .{3,80}\b(?:done|made|submitted|requested|"
        r"changed|filed|claimed|request|submit|file|claim|apply|report|get|obtain|proceed)\b|\b(?:steps?|"
        r"procedures?|process|step by step|instructions)\b|\bwhat (?:do|should|must|can) (?:i|we|you) do\b|"
        r"\bwhat (?:does|should|must) .{3,60} do\b|\bwhat to do\b|\bwhat happens\b|\bwhat's next\b"
    ),
    Kind.LIST: (
        r"\bquel(?:le)?s (?:sont|autres|documents|pieces|types|sortes|conditions|justificatifs|criteres|"
        r"missions|options|outils|conseils|informations|donnees|droits|elements|moyens|recours|statuts|"
        r"avantages)\b|\bliste\b|\b(?:citer|enumerer|lister)\b|\bde quoi (?:se compose|est compose)\b|"
        r"\b(?:which|what)(?: \w+)? (?:are|were) (?:the|some|our|my|your)\b|\blist\b|\bwhat (?:kinds?|"
        r"types?|sorts?)\b|\b(?:what|which) (?:documents|conditions|requirements|items|tools|options|"
        r"contents|information|supplies|skills|benefits|services|responsibilities|categories|criteria|"
        r"factors|roles|methods|resources|advice)\b"
    ),
    Kind.PLACE: (
        r"\b(?:a|dans|sur|vers) quel(?:le)? (?:endroit|lieu|adresse|bureau|batiment|salle|etage|quai|"
        r"site)\b|\bwhere\b|\b(?:what|which) (?:place|location|room|building|address|site|floor|website)\b"
    ),
    Kind.DEFINITION: (
        r"\bqu'est[- ]ce qu(?:e|'|i est)|\bc'est quoi\b|\bque (?:signifie|veut dire|designe)\b|"
        r"\bdefinitions?\b|\bdefinir\b|\bqu'entend[- ]on\b|\bsignification\b|\ba quoi (?:sert|correspond)\b|"
        r"\bwhat(?:'s| is| are) (?:an? |the )?[\w'-]+(?: [\w'-]+){0,2} ?\??$|\bwhat does .* (?:mean|"
        r"stand for)\b|\bmean(?:ing|s)? (?:of|by)\b|\bdefin(?:e|ed|ition)\b"
    ),
    Kind.REASON: (
        r"\bpourquoi\b|\bpour quelles? raisons?\b|\bwhy\b|\bfor what reasons?\b|\bwhat is the (?:purpose|"
        r"reason)\b"
    ),
}
_KINDS = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}
# The accent tells "where" from "or", and is kept for that.
_WHERE = re.compile(
    r"(?:^|[,;:(] ?|\b(?:et|par|mais) )où\b|\bd'où\b|^ou\b|"
    r"\boù (?:est|sont|se|faut|dois|doit|puis|peut|peux|trouver|déposer|aller|envoyer)\b",
    re.IGNORECASE,
)
_ASKS_OTHER = re.compile(
    r"\b(?:combien|quel(?:le)?s?|quand|comment|pourquoi|qui|quoi|how|what|which|who|whom|when|where|why)\b"
)
# At the start of a clause a verb before its subject asks for yes or no, whatever else is asked.
_YES_NO_CLAUSE = re.compile(
    r"(?:^|[,;:?.!(] ?|\b(?:et|mais|and|but) )(?:est[- ]ce (?:que |qu')(?!.*\b(?:combien|quand|comment|"
    r"quel)\b)|(?:puis|peut|dois|doit|faut|ai|a|suis|est|sont|y a)[- ](?:t[- ]?)?(?:je|tu|il|elle|on|ils|"
    r"elles)\b|\w+-(?:t-)?(?:je|tu|il|elle|on|nous|vous|ils|elles)\b|(?:can|could|may|must|should|shall|do|"
    r"does|did|is|are|was|were|will|would|has|have|am)(?:n't)? \w)"
)
# Elsewhere it does where no question word asks for something else ("combien de jours faut-il").
_YES_NO_WORDS = re.compile(
    r"\best-ce (?:que|qu')|-(?:t-)?(?:je|il|elle|on|nous|vous|ils|elles)\b|\b(?:le|un) droit\b|"
    r"\b(?:autorise|permis|interdit|obligatoire|oblige|possible|normal|legal)e?s?\b|\bou (?:pas|non)\b|"
    r"\b(?:je|on|il|elle|ils|elles|ca) (?:peux|peut|peuvent|dois|doit|risque|vais|va|passe|compte|"
    r"se voit)\b|\b(?:allowed|entitled|required|eligible|permitted|obliged) to\b|\bstill ok\b|\bany chance\b"
)


def kinds_of(question: str) -> frozenset[Kind]:
    """Tell what a question asks for; empty where its words do not say.

    A question can ask for several: "who decides, and how long before?".
    """
    text = " ".join(question.replace("’", "'").split())
    folded = fold(text)
    found = {kind for kind, pattern in _KINDS.items() if pattern.search(folded)}
    if _WHERE.search(text):
        found.add(Kind.PLACE)
    if _YES_NO_CLAUSE.search(folded) or (_YES_NO_WORDS.search(folded) and not _ASKS_OTHER.search(folded)):
        found.add(Kind.YES_NO)
    return frozenset(found)
