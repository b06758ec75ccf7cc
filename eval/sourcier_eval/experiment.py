"""Two settings on one set -> two runs and their comparison."""

import hashlib
import json
from pathlib import Path

from sourcier_core.settings import Settings
from sourcier_eval.comparison import Comparison, compare_runs
from sourcier_eval.run_files import read_run
from sourcier_eval.runs import run_set

A, B = "a", "b"


def run_both(directory: Path, first: Settings, second: Settings, out: Path) -> Comparison:
    """Run a set with two settings, into `out/a` and `out/b`.

    Documents are ingested once where both settings read, cut and embed them alike, else once for each.

    Args:
        directory: The set.
        first: The baseline.
        second: What is compared with it.
        out: Made where there is none.

    Raises:
        InvalidQuestionSet: The set has faults.
        DependencyError: Something outside failed.
    """
    for name, settings in ((A, first), (B, second)):
        run_set(directory, out / name, settings, home=out / f"home-{_ingested_by(settings)}")
    return compare_runs(read_run(out / A), read_run(out / B))


def _ingested_by(settings: Settings) -> str:
    """Return a name for the settings that an index depends on; of one name, they make the same one."""
    embedding = settings.embedding.model_dump(mode="json", include={"model", "precision", "pivot"})
    sections = [embedding, *(s.model_dump(mode="json") for s in (settings.reading, settings.chunking))]
    return hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()[:12]
