"""What all tests share. Nothing here, and nothing under test, asks the network for a model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from sourcier_core.embedding_export import export_directory, read_manifest
from sourcier_core.settings import DEFAULT_MODEL

for name in [name for name in os.environ if name.startswith("SOURCIER_")]:
    del os.environ[name]  # whoever runs the tests may have a home and settings of their own
os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub, which reads it once

ROOT = Path(__file__).parents[1]
EXPORT = """
import sys
from pathlib import Path
from sourcier_core.embedding_export import export_model
export_model(sys.argv[1], "fp32", Path(sys.argv[2]))
"""

# How long an example takes says nothing on a machine that does other work beside.
settings.register_profile("sourcier", deadline=None)
settings.load_profile("sourcier")


@pytest.fixture(scope="session")
def exports() -> Path:
    """Where ONNX exports are kept between runs, the default model's in it: exported once a checkout."""
    folder = ROOT / ".cache" / "models"
    directory = export_directory(folder, DEFAULT_MODEL, "fp32")
    if read_manifest(directory) is None:
        # In a process of its own: torch's many warnings are not ours, nor is the memory that it takes.
        subprocess.run([sys.executable, "-c", EXPORT, DEFAULT_MODEL, str(directory)], check=True)
    return folder
