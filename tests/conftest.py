"""What all tests share. Nothing here, and nothing under test, asks the network for a model."""

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub, which reads it once

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def exports() -> Path:
    """Where ONNX exports are kept between runs: the default model is exported once a checkout."""
    return ROOT / ".cache" / "models"
