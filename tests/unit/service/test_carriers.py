import pytest

from sourcier_service.carriers import carries
from sourcier_service.question_kinds import Kind


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.AMOUNT, "Le repas est remboursé 17 euros."),
        (Kind.AMOUNT, "Glace en paillettes, abonné 100 kg 4,60 7,50"),
        (Kind.AMOUNT, "The pass mark is twenty-eight out of forty."),
        (Kind.AMOUNT, "L'inscription est gratuite."),
        (Kind.DURATION, "La demande est déposée dans les 45 jours."),
        (Kind.DURATION, "Il est renouvelé deux fois par an."),
        (Kind.DURATION, "Slings are examined every 6 months."),
        (Kind.DURATION, "A lead washer is checked weekly."),
        (Kind.DATE, "Le budget est voté avant le 15 décembre."),
        (Kind.DATE, "La criée ouvre de 2 h à 9 h le samedi."),
        (Kind.DATE, "The request is made before 30 April."),
        (Kind.DATE, "Work begins no earlier than 07:00."),
        (Kind.PERSON, "Le chef de service vérifie la demande."),
        (Kind.PERSON, "Écrire à soutien@example.org avant midi."),
        (Kind.PERSON, "Appeler le poste 4035 de la gare."),
        (Kind.PERSON, "Questions go to Janie Burmeister or her team."),
        (Kind.PERSON, "The decision lies with the head of the workshop."),
        (Kind.YES_NO, "Non, aucun agent ne répond par téléphone."),
        (Kind.YES_NO, "Le congé peut être fractionné."),
        (Kind.YES_NO, "Ce report n'est pas admis."),
        (Kind.YES_NO, "Staff may telephone for two minutes."),
        (Kind.YES_NO, "You don't need a permit."),
        (Kind.STEPS, "1. Fermer la vanne."),
        (Kind.STEPS, "Remplissez le formulaire puis envoyez-le."),
        (Kind.STEPS, "Click Next, then choose a date."),
        (Kind.LIST, "Le dossier contient un ordre, un devis et une facture."),
        (Kind.LIST, "- the order of the day"),
        (Kind.PLACE, "Le spécimen est déposé au bureau 214."),
        (Kind.PLACE, "The boom is kept at the north slip, near the gate."),
        (Kind.DEFINITION, "Un délégataire est un agent qui signe."),
        (Kind.DEFINITION, "Surpresseur : groupe de pompes."),
        (Kind.DEFINITION, "A confined space is a place that is partly closed."),
        (Kind.DEFINITION, "M&IE stands for meals and incidental expenses."),
        (Kind.REASON, "Water is never poured on it, because it makes the hole bigger."),
        (Kind.REASON, "Une citerne reste sur place afin de servir l'hôpital."),
    ],
)
def test_a_unit_carries_what_answers(kind: Kind, words: str) -> None:
    assert carries(kind, words)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.AMOUNT, "The claim is filed by the agent."),
        (Kind.AMOUNT, "1. Close the valve."),  # the step's own number
        (Kind.AMOUNT, "Les montants se lisent en annexe A, page 12."),
        (Kind.DURATION, "The rate is 0.42 euro."),
        (Kind.DATE, "The rate is 0.42 euro."),
        (Kind.PERSON, "La pression reste constante."),
        (Kind.YES_NO, "La pression reste constante."),
        (Kind.REASON, "La pression reste constante."),
        (Kind.LIST, "The rate is fixed."),
        (Kind.PLACE, "La pression reste constante."),
    ],
)
def test_a_unit_without_it_does_not(kind: Kind, words: str) -> None:
    assert not carries(kind, words)
