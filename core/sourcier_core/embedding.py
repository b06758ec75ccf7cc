"""Texts -> unit vectors, with onnxruntime and tokenizers; the model was exported by `embedding_export`."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from sourcier_core.embedding_export import Manifest, export_directory, export_model, read_manifest
from sourcier_core.errors import ModelMissing
from sourcier_core.settings import EmbeddingSettings
from sourcier_core.types import Vector, Vectors


class OnnxEmbedder:
    """An exported model, ready. Safe to call from several threads."""

    def __init__(
        self, directory: Path, manifest: Manifest, *, batch_size: int = 16, threads: int = 0
    ) -> None:
        self._manifest = manifest
        self._batch_size = batch_size
        self._counter = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(manifest.max_tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or min(4, os.cpu_count() or 1)
        options.log_severity_level = 3
        # Spinning threads cost CPU between questions and gain nothing measurable.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(directory / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._manifest.dimension

    @property
    def fingerprint(self) -> str:
        """Changes when the same text would get another vector."""
        return self._manifest.fingerprint

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that count, special tokens included."""
        return self._manifest.max_tokens

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in the text, without special tokens and without cutting."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed texts to be found: shape `(len(texts), dimension)`, unit rows, in the order given.

        Batches are made of texts of like length: padding is work thrown away.
        """
        encodings = self._tokenizer.encode_batch([self._manifest.document_prompt + text for text in texts])
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for first in range(0, len(order), self._batch_size):
            batch = order[first : first + self._batch_size]
            vectors[batch] = self._run([encodings[i] for i in batch])
        return vectors

    def embed_question(self, text: str) -> Vector:
        """Embed a question: shape `(dimension,)`, unit length."""
        vector: Vector = self._run([self._tokenizer.encode(self._manifest.question_prompt + text)])[0]
        return vector

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        width = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), width), dtype=np.int64)
        mask = np.zeros((len(encodings), width), dtype=np.int64)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        outputs = self._session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})
        return np.asarray(outputs[0], dtype=np.float32)


def open_embedder(settings: EmbeddingSettings, exports: Path) -> OnnxEmbedder:
    """Open the configured model, exporting it first where that has not been done.

    Raises:
        ModelMissing: The model, or what exports it, is not on this machine.
        ModelCorrupt: The default model's weights are not the official ones.
        StorageFull: No room for the export.
    """
    directory = export_directory(exports, settings.model, settings.precision)
    manifest = read_manifest(directory) or export_model(settings.model, settings.precision, directory)
    try:
        return OnnxEmbedder(directory, manifest, batch_size=settings.batch_size, threads=settings.threads)
    except Exception as error:
        remedy = "Its export is damaged: delete that folder, it is made again at the next start."
        raise ModelMissing(settings.model, str(directory), remedy) from error
