"""Text -> "fr", "en" or "und", by the words that every sentence of a language needs."""

import re

FRENCH = frozenset(
    "le la les l un une des du d de et est sont à au aux en dans pour par sur avec sans ce cette ces que qui quel "
    "quelle quels quelles ne pas plus il elle ils elles on nous vous je tu se son sa ses leur leurs mon ma mes notre "
    "votre vos ou où mais donc car comment combien quand pourquoi doit doivent peut peuvent faut être avoir ont ai "
    "été y si tout tous toute toutes chez entre après avant lors dont afin jours délai puis-je quoi faire n c j s m t "
    "qu jusqu lorsqu".split()
)
ENGLISH = frozenset(
    "the a an of and is are to in for by on with without this that these those which who what whom whose not no more "
    "it its he she they we you i his her their our your my or but so as at from be been have has had do does did can "
    "may must should will would how when where why many much if all any each before after than then there was were "
    "into about under over between during upon only also such".split()
)
UNDETERMINED = "und"
_WORD = re.compile(r"[^\W\d_]+")
_ACCENTED = re.compile(r"[àâçéèêëîïôùûüœ]")


def detect_language(text: str, default: str = UNDETERMINED) -> str:
    """Tell French from English.

    Returns:
        "fr" or "en" when one has more function words than the other, `default` when neither shows.
    """
    words = _WORD.findall(text[:4000].lower())
    french = sum(word in FRENCH for word in words)
    english = sum(word in ENGLISH for word in words)
    accented = sum(bool(_ACCENTED.search(word)) for word in words)
    if accented > len(words) * 0.04:
        french += accented
    if french == english:
        return default
    return "fr" if french > english else "en"
