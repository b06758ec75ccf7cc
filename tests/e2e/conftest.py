"""A real server that has read the sample documents, and a real browser."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pdfs import Title, draw_page, new_pdf, write_pdf
from playwright.sync_api import Browser, Page, sync_playwright
from sourcier_process import Server, ingest, serving

SAMPLES = Path(__file__).parents[2] / "samples"
MAX_UPLOAD = 50_000  # bytes of a file that the small library takes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Chromium."""
    for item in items:
        if "browser_page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def sample_pdfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample PDFs: as `make samples` made them, else made now."""
    made = SAMPLES / "pdf"
    if any(made.glob("*.pdf")):
        return made
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, SAMPLES / "make_pdfs.py", "--out", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def sample_server(
    exports: Path, sample_pdfs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with the sample documents in the public collection `samples`."""
    home = tmp_path_factory.mktemp("sample_server") / "home"
    ingest(home, exports, sample_pdfs, "--collection", "samples", "--public")
    with serving(home, exports) as server:
        yield server


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small documents: two PDFs and a text in `open`, one in `hr` that nobody may see without a key."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "open").mkdir()
    (folder / "hr").mkdir()
    with new_pdf(folder / "open" / "field-guide.pdf") as canvas:
        canvas.setTitle("Field guide")
        canvas.addPageLabel(0, style="ROMAN_LOWER")
        canvas.addPageLabel(1, style="ARABIC", start=1)
        draw_page(canvas, [Title("1 Travel"), "Every mission needs a signed order before the departure."])
        draw_page(
            canvas,
            [
                Title("2 Claims"),
                "A claim for travel costs is filed within 30 days of the return.",
                "The mileage rate above 5,000 km is 0.42 euro per kilometre.",
            ],
        )
        draw_page(
            canvas,
            [
                Title("3 Pumps"),
                "A lifting pump is oiled after every 400 hours of running, by two",
                "trained agents who wear gloves and goggles.",
            ],
        )
    write_pdf(
        folder / "open" / "recueil.pdf",
        [Title("1 Congés"), "Le congé annuel est de vingt-cinq jours ouvrés par agent à temps plein."],
        [Title("2 Frais"), "La demande de remboursement est déposée dans les 45 jours suivant le retour."],
        title="Recueil des procédures",
    )
    (folder / "open" / "notes.md").write_text(
        "# Notes du magasin\n\nLe magasin des pompes ouvre à 7 h 30 le lundi, <b>sauf</b> en août.\n",
        encoding="utf-8",
    )
    write_pdf(
        folder / "hr" / "salaries.pdf",
        [Title("Salaries"), "The yearly salary of the director is 98,765 euros, says QUETZALCOATL."],
        title="Salaries QUETZALCOATL",
    )
    return folder


@pytest.fixture(scope="session")
def library_server(
    exports: Path, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with the small documents; it takes small uploads only."""
    home = tmp_path_factory.mktemp("library_server") / "home"
    ingest(home, exports, library / "open", "--collection", "open", "--public")
    ingest(home, exports, library / "hr", "--collection", "hr")
    with serving(home, exports, more={"SOURCIER_READING__MAX_BYTES": str(MAX_UPLOAD)}) as server:
        yield server


@pytest.fixture(scope="session")
def anonymous(library_server: Server) -> Iterator[httpx.Client]:
    """Somebody without a key, at the server with the small documents."""
    with httpx.Client(base_url=library_server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def admin(library_server: Server) -> Iterator[httpx.Client]:
    """An administrator at the same server."""
    headers = library_server.authorization
    with httpx.Client(base_url=library_server.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
