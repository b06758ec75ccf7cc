"""Makes `tests/data/home-VERSION.tar.xz`: a small home as this release writes it, for tests of later ones.

Run once per release, from the repository's root: `PYTHONPATH=tests python tests/make_stored_home.py`. A
stored home is never made anew: what matters is that another release wrote it. See `tests/data/README.md`.
"""

import json
import sys
import tarfile
import tempfile
from pathlib import Path

from homes import no_progress
from pdfs import Row, Title, write_pdf

from sourcier_core import __version__
from sourcier_core.catalogue_tables import SCHEMA_REVISION
from sourcier_core.settings import Settings, load_settings
from sourcier_ingestion.pipeline import Ingestion
from sourcier_service.access import ADMIN, OPERATOR
from sourcier_service.api.presenting import present_answer
from sourcier_service.wiring import Services, open_services

DATA = Path(__file__).parent / "data"
QUESTIONS = (
    "What is the mileage rate above 5,000 km?",
    "Quel est le délai de remboursement des frais ?",
    "When does the gate of the depot close?",
)


def main(exports: Path | None) -> None:
    """Write the archive and beside it what was asked and answered."""
    archive = DATA / f"home-{__version__}.tar.xz"
    if archive.exists():
        raise SystemExit(f"{archive} is there already: a stored home is never made anew.")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        overrides = {"embedding": {"exports": exports}} if exports else {}
        settings = load_settings(home=made / "home", overrides=overrides)
        services = open_services(settings, owner="make_stored_home")
        try:
            described = _fill(services, settings, made)
        finally:
            services.close()
        DATA.mkdir(exist_ok=True)
        with tarfile.open(archive, "w:xz", preset=6) as tar:
            tar.add(made / "home", arcname="home", filter=_nobody)
    archive.with_name(f"home-{__version__}.json").write_text(
        json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def _fill(services: Services, settings: Settings, made: Path) -> dict[str, object]:
    ingestion = Ingestion(services.stores, settings)
    services.stores.catalogue.add_collection("open", public=True)
    first = write_pdf(
        made / "guide.pdf",
        [Title("1 Depot"), "The gate of the depot closes at nine in the evening."],
        [Title("2 Claims"), "The mileage rate above 5,000 km is 0.37 euro per kilometre."],
    )
    ingestion.ingest(first, "guide.pdf", "open", no_progress)
    second = write_pdf(
        made / "guide-2.pdf",
        [Title("1 Depot"), "The gate of the depot closes at nine in the evening."],
        [Title("2 Claims"), "The mileage rate above 5,000 km is 0.42 euro per kilometre."],
        [
            Title("3 Rates"),
            Row(("Vehicle", "Rate")),
            Row(("Car", "0.42 euro")),
            Row(("Bicycle", "0.25 euro")),
        ],
        title="Guide",
    )
    ingestion.ingest(second, "guide.pdf", "open", no_progress)  # replaces it
    notes = made / "notes.md"
    notes.write_text("# Frais\n\nLe délai de remboursement des frais est de 45 jours.\n", encoding="utf-8")
    ingestion.ingest(notes, "notes.md", "private", no_progress)
    broken = made / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and no more")
    ingestion.ingest(broken, "broken.pdf", "private", no_progress)  # refused
    services.stores.keys.create(frozenset({ADMIN}))
    scope = services.access.scope(OPERATOR)
    answers = {
        question: present_answer(services.answering.answer(question, scope)).model_dump(
            mode="json", exclude={"id", "timings"}
        )
        for question in QUESTIONS
    }
    generation = services.stores.catalogue.live_generation()
    return {
        "version": __version__,
        "schema": SCHEMA_REVISION,
        "fingerprint": generation.fingerprint if generation else None,
        "sequence": services.stores.catalogue.sequence(),
        "chunks": services.stores.index.count(scope),
        "answers": answers,
    }


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if member.name.startswith(("home/models", "home/owner.lock", "home/server.json")):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
