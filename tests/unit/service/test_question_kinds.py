import pytest

from sourcier_service.question_kinds import Kind, kinds_of


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        (Kind.AMOUNT, "Combien coûte la tonne de céréales ?"),
        (Kind.AMOUNT, "Quel est le plafond d'une dépense ?"),
        (Kind.AMOUNT, "à partir de quel montant faut-il trois devis"),
        (Kind.AMOUNT, "quelle pression doit-on avoir au compteur d'eau ?"),
        (Kind.AMOUNT, "How many padlocks do I need for the south ramp?"),
        (Kind.AMOUNT, "What is the mileage rate above 5,000 km?"),
        (Kind.AMOUNT, "at what gust do we stop using the crane?"),
        (Kind.AMOUNT, "how close can a boat get to the screens"),
        (Kind.DURATION, "Dans quel délai déposer une demande ?"),
        (Kind.DURATION, "on le garde combien de temps ?"),
        (Kind.DURATION, "Combien de jours ouvrés avant la séance ?"),
        (Kind.DURATION, "tous les combien change-t-on le câble"),
        (Kind.DURATION, "How long is a permit valid?"),
        (Kind.DURATION, "how often must the wearer redo the refresher"),
        (Kind.DURATION, "leaking pipe, deadline for the repair?"),
        (Kind.DATE, "Quand le compte annuel est-il voté ?"),
        (Kind.DATE, "À quelle date le budget est-il voté ?"),
        (Kind.DATE, "le mot de passe, on le change quand ?"),
        (Kind.DATE, "jusqu'à quand puis-je reporter mes jours"),
        (Kind.DATE, "When does a supplier have to be paid?"),
        (Kind.DATE, "who signs, and by when?"),
        (Kind.PERSON, "Qui signe une convention de stage ?"),
        (Kind.PERSON, "À qui dois-je envoyer le reçu ?"),
        (Kind.PERSON, "Quel service instruit la demande ?"),
        (Kind.PERSON, "comment joindre le centre d'assistance"),
        (Kind.PERSON, "Who decides when a padlock is cut?"),
        (Kind.PERSON, "Which department sponsors the council?"),
        (Kind.YES_NO, "Est-ce que je peux avoir deux avances ?"),
        (Kind.YES_NO, "Puis-je prolonger mon séjour ?"),
        (Kind.YES_NO, "Faut-il un ordre de mission ?"),
        (Kind.YES_NO, "l'hôtel est-il remboursé à 40 km ?"),
        (Kind.YES_NO, "il est accepté ou pas ?"),
        (Kind.YES_NO, "j'ai le droit de téléphoner au volant ?"),
        (Kind.YES_NO, "Can a permit be extended?"),
        (Kind.YES_NO, "our digger hit a line, should the operator jump out?"),
        (Kind.YES_NO, "Must I keep the receipts?"),
        (Kind.YES_NO, "Is it allowed to park there?"),
        (Kind.STEPS, "Comment changer une bouteille de chlore ?"),
        (Kind.STEPS, "Quelles sont les étapes d'une délégation ?"),
        (Kind.STEPS, "je fais quoi si mon PC est bloqué"),
        (Kind.STEPS, "Que doivent faire les associations ?"),
        (Kind.STEPS, "How do I file a claim?"),
        (Kind.STEPS, "steps for a lift with the crane"),
        (Kind.STEPS, "what should I do after a spill?"),
        (Kind.LIST, "Quels sont les documents à joindre ?"),
        (Kind.LIST, "Quelles pièces fournir ?"),
        (Kind.LIST, "Which are the eligible costs?"),
        (Kind.LIST, "What documents are needed?"),
        (Kind.PLACE, "Où déposer le spécimen ?"),
        (Kind.PLACE, "ou est le bureau des missions"),
        (Kind.PLACE, "Dans quel bureau signer ?"),
        (Kind.PLACE, "Where do we gather at Belrive?"),
        (Kind.DEFINITION, "Qu'est-ce qu'une régie ?"),
        (Kind.DEFINITION, "c'est quoi le TAJ"),
        (Kind.DEFINITION, "Que signifie « tirant d'air » ?"),
        (Kind.DEFINITION, "What is a confined space?"),
        (Kind.DEFINITION, "What does M&IE mean?"),
        (Kind.REASON, "Pourquoi ne pas arroser la fuite ?"),
        (Kind.REASON, "Why are divers kept from the hills?"),
    ],
)
def test_a_question_tells_what_it_asks_for(kind: Kind, question: str) -> None:
    assert kind in kinds_of(question)


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        (Kind.YES_NO, "Combien de jours faut-il pour un visa ?"),
        (Kind.YES_NO, "Quelle pression doit-on avoir ?"),
        (Kind.DATE, "Qui paie quand il manque de l'argent ?"),
        (Kind.DATE, "how much is it when I travel by night"),
        (Kind.PLACE, "un reçu ou une facture, lequel garder ?"),
        (Kind.STEPS, "How long does it take?"),
        (Kind.STEPS, "How does the choice of a provider affect my costs?"),
        (Kind.STEPS, "How can the choice of a provider affect my costs?"),
        (Kind.AMOUNT, "Combien de temps dure l'essai ?"),
        (Kind.PERSON, "le document qui suit est-il valable ?"),
        (Kind.PERSON, "quel temps de contact pour désinfecter"),
    ],
)
def test_a_word_that_asks_elsewhere_does_not_ask_here(kind: Kind, question: str) -> None:
    assert kind not in kinds_of(question)


def test_a_question_may_ask_for_several_things() -> None:
    assert kinds_of("Jusqu'à quel montant signe-t-il, et qui le supplée ?") >= {Kind.AMOUNT, Kind.PERSON}
    assert kinds_of("can a permit be extended and for how long") >= {Kind.YES_NO, Kind.DURATION}


@pytest.mark.parametrize("question", ["", "?", "règlement des agents", "harness inspection"])
def test_a_question_may_not_say(question: str) -> None:
    assert kinds_of(question) == frozenset()


def test_typographic_apostrophes_and_capitals_change_nothing() -> None:
    assert kinds_of("EST-CE QU’ON PEUT ?") == kinds_of("est-ce qu'on peut ?")
