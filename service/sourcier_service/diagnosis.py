"""What is installed, found and missing on this machine, and the command that mends it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from sourcier_core.catalogue import Catalogue
from sourcier_core.embedding_export import (
    MODELS_EXTRA,
    export_directory,
    export_model,
    find_source,
    read_manifest,
)
from sourcier_core.errors import InvalidSettings, SourcierError
from sourcier_core.generation_store import GenerationStore
from sourcier_core.home import Home
from sourcier_core.settings import Settings, load_settings
from sourcier_core.wiring import wanted_recipe
from sourcier_ingestion.child_process import confinement
from sourcier_ingestion.ocr_plan import install_command
from sourcier_service.calibration import Calibration, default_calibration
from sourcier_service.calibration_files import calibration_files

PACKAGES = (
    "sourcier",
    "llama-index-core",
    "qdrant-client",
    "qdrant-edge-py",
    "fastapi",
    "pypdf",
    "pypdfium2",
    "pikepdf",
)
MIN_FREE = 2**30  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    found: str
    ok: bool = True
    remedy: str | None = None  # a command or step, where something is missing


def examine(options: dict[str, Any]) -> list[Finding]:
    """Look at versions, settings, model, home and helpers. Opens nothing that a running server owns."""
    findings = [Finding("python", sys.version.split()[0]), *(_package(name) for name in PACKAGES)]
    try:
        settings = load_settings(**options)
    except SourcierError as error:
        return [
            *findings,
            Finding("settings", str(error), ok=False, remedy="mend the file or variable named"),
        ]
    findings += [_model(settings), *_cross_encoder(settings), _reader(settings), _ocr(settings)]
    index, fingerprint = _index(settings)
    findings += [_home(settings), index, _calibration(settings, fingerprint)]
    return [*findings, _disk(settings), *_optional()]


def export(options: dict[str, Any]) -> str:
    """Export the configured embedding model unless that was done, and return what it is.

    Raises:
        ModelMissing: The model, or what exports it, is not on this machine.
    """
    settings = load_settings(**options)
    directory = export_directory(settings.exports, settings.embedding.model, settings.embedding.precision)
    manifest = read_manifest(directory) or export_model(
        settings.embedding.model, settings.embedding.precision, directory
    )
    return f"{manifest.model} ({manifest.precision}, sha256 {manifest.weights_sha256}) in {directory}"


def print_findings(findings: list[Finding]) -> None:
    """Print one line for each, and its remedy below."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark = "[green]ok[/]     " if finding.ok else "[red]missing[/]"
        console.print(f"{mark} {finding.what}: {finding.found}")
        if finding.remedy:
            console.print(f"        -> {finding.remedy}", markup=False)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", ok=False, remedy="make install")


def _model(settings: Settings) -> Finding:
    name = f"model {settings.embedding.model} ({settings.embedding.precision})"
    directory = export_directory(settings.exports, settings.embedding.model, settings.embedding.precision)
    manifest = read_manifest(directory)
    if manifest is not None:
        return Finding(name, f"exported in {directory}, weights sha256 {manifest.weights_sha256}")
    try:
        source = find_source(settings.embedding.model)
    except SourcierError as error:
        return Finding(name, str(error), ok=False, remedy=MODELS_EXTRA)
    if find_spec("torch") is None or find_spec("sentence_transformers") is None:
        return Finding(name, f"found ({source}), not exported", ok=False, remedy=MODELS_EXTRA)
    if not _is_here(source):
        remedy = f"give embedding.model the path of a sentence-transformers folder, or: hf download {source}"
        return Finding(name, f"neither a folder nor in the Hugging Face cache ({source})", False, remedy)
    return Finding(name, f"found ({source}), exported at the first use (or: sourcier doctor --export-model)")


def _cross_encoder(settings: Settings) -> list[Finding]:
    model = settings.retrieval.cross_encoder
    if not model:
        return []
    name = f"cross-encoder {model}"
    if find_spec("torch") is None or find_spec("sentence_transformers") is None:
        return [Finding(name, "nothing installed that loads it", ok=False, remedy=MODELS_EXTRA)]
    if not _is_here(str(Path(model).expanduser())):
        remedy = f"give retrieval.cross_encoder the path of a CrossEncoder folder, or: hf download {model}"
        return [Finding(name, "neither a folder nor in the Hugging Face cache", ok=False, remedy=remedy)]
    return [Finding(name, "found, loaded at the start")]


def _is_here(source: str) -> bool:
    if Path(source).is_dir():
        return True
    from huggingface_hub import try_to_load_from_cache

    try:
        return isinstance(try_to_load_from_cache(source, "config.json"), str)
    except ValueError:  # no name that the hub could have
        return False


def _reader(settings: Settings) -> Finding:
    """Say what a reader of PDFs may reach on this machine: a network is reported, and stops nothing."""
    name = "reader of PDFs"
    limits = f"at most {settings.reading.memory_bytes // 2**20:,} MiB, {settings.reading.cpu_seconds} CPU s"
    try:
        network = confinement(settings.reading)
    except SourcierError as error:
        return Finding(name, str(error), ok=False, remedy="make install")
    if network == "open":
        remedy = "let containers make user namespaces (or use Linux 6.7 or newer, for landlock)"
        return Finding(name, f"confined ({limits}), network not taken away", remedy=remedy)
    how = {"namespace": "no network (namespace)", "landlock": "no TCP (landlock)"}[network]
    return Finding(name, f"confined: {limits}, {how}, no file written")


def _ocr(settings: Settings) -> Finding:
    name = "OCR by tesseract (optional, for scans)"
    languages = settings.ocr.languages
    wanted = {*languages, *(x for some in (settings.ocr.collections or {}).values() for x in some)}
    if not settings.ocr.enabled:
        return Finding(name, "off", remedy="[ocr] enabled = true in the settings")
    command = shutil.which("tesseract")
    if command is None:
        return Finding(name, "not installed", remedy=install_command(tuple(sorted(wanted))))
    listed = subprocess.run([command, "--list-langs"], capture_output=True, text=True, check=False).stdout
    missing = sorted(wanted - set(listed.split()))
    if missing:
        found = f"{command}, without {', '.join(missing)}"
        return Finding(name, found, ok=False, remedy=install_command(tuple(missing)))
    return Finding(name, f"{command}, {', '.join(sorted(wanted))}")


def _home(settings: Settings) -> Finding:
    running = Home(settings.home).running_server()
    state = f"owned by the server at {running.address}" if running else "no server runs"
    writable = os.access(_existing(settings.home), os.W_OK)
    remedy = None if writable else f"make {settings.home} writable, or choose another --home"
    return Finding("home", f"{settings.home}, {state}", ok=writable, remedy=remedy)


def _index(settings: Settings) -> tuple[Finding, str | None]:
    """Return what answers, and the fingerprint of what made it."""
    home = Home(settings.home)
    if not (settings.home / "catalogue.sqlite3").is_file():
        return Finding("index", "empty", remedy="sourcier ingest PATH..."), None
    try:
        catalogue = Catalogue(home.catalogue_url)
    except SourcierError as error:
        return Finding("index", str(error), ok=False), None
    try:
        documents = catalogue.documents([collection.name for collection in catalogue.collections()])
        generation = GenerationStore(catalogue).live()
    finally:
        catalogue.close()
    made_by = f", made by {generation.fingerprint}" if generation else ""
    answering = [document for document in documents if document.version]
    chunks = sum(document.chunk_count for document in answering)
    made = generation.fingerprint if generation else None
    found = f"{len(answering)} documents answer, {chunks} chunks{made_by}"
    try:
        wanted = wanted_recipe(settings)
    except InvalidSettings as error:
        return Finding("index", f"{found}; {error}", ok=False), made
    differences = generation.recipe.differences(wanted) if generation and generation.recipe else ()
    if not differences:
        return Finding("index", found), made
    told = "; ".join(str(difference) for difference in differences)
    remedy = "sourcier reindex (until then the live generation answers)"
    return Finding("index", f"{found}; {told}", remedy=remedy), made


def _calibration(settings: Settings, fingerprint: str | None) -> Finding:
    try:
        path = settings.answer.calibration or calibration_files(settings.home).in_use()
        found = Calibration.read(path) if path else default_calibration()
        if fingerprint is not None and not found.fits(fingerprint):
            path = calibration_files(settings.home).fitting(fingerprint) or path
            found = Calibration.read(path) if path else found
    except SourcierError as error:
        return Finding("calibration", str(error), ok=False, remedy="sourcier calibration undo")
    named = f"{found.name}, {path or 'packaged'}, at most {settings.answer.max_risk or found.risk:.0%} wrong"
    if fingerprint is not None and not found.fits(fingerprint):
        remedy = "sourcier calibrate --set DIR --out FILE, or: sourcier calibration undo"
        return Finding("calibration", f"{named}: made for another index, not used", ok=False, remedy=remedy)
    return Finding("calibration", named)


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings.home)).free
    remedy = None if free >= MIN_FREE else f"free some room at {settings.home}"
    return Finding("disk", f"{free / 2**30:.1f} GiB free", ok=free >= MIN_FREE, remedy=remedy)


def _optional() -> list[Finding]:
    looked: list[tuple[str, Callable[[], str | None], str]] = [
        ("chromium (optional, browser tests)", lambda: shutil.which("chromium"), "chromium"),
    ]
    return [
        Finding(what, path)
        if (path := find())
        else Finding(what, "not found", remedy=f"apt-get install {package}")
        for what, find, package in looked
    ]


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
