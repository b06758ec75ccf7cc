import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sourcier_core.embedding_export import (
    EXPORT_FORMAT,
    Manifest,
    export_directory,
    find_source,
    read_manifest,
    sha256_of,
)

MANIFEST = Manifest("org/model", "0" * 64, 384, 256, "query: ", "passage: ", "fp32")


def write(folder: Path, values: object) -> Path:
    (folder / "manifest.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_manifest(write(tmp_path, asdict(MANIFEST))) == MANIFEST


def test_a_folder_without_a_manifest_is_no_finished_export(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "nowhere") is None


@pytest.mark.parametrize("values", [[], {}, None, {**asdict(MANIFEST), "unknown": 1}])
def test_a_damaged_manifest_is_no_finished_export(tmp_path: Path, values: object) -> None:
    assert read_manifest(write(tmp_path, values)) is None


def test_an_export_of_another_format_is_made_anew(tmp_path: Path) -> None:
    older = asdict(replace(MANIFEST, export_format=EXPORT_FORMAT - 1))

    assert read_manifest(write(tmp_path, older)) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(MANIFEST, weights_sha256="1" * 64),
        replace(MANIFEST, precision="int8"),
        replace(MANIFEST, document_prompt=""),
        replace(MANIFEST, max_tokens=128),
    ],
)
def test_whatever_changes_a_vector_changes_the_fingerprint(other: Manifest) -> None:
    assert other.fingerprint != MANIFEST.fingerprint


def test_the_fingerprint_names_the_model_and_precision() -> None:
    assert MANIFEST.fingerprint.startswith("model-fp32-")
    assert replace(MANIFEST).fingerprint == MANIFEST.fingerprint


def test_two_models_of_one_last_name_are_kept_apart(tmp_path: Path) -> None:
    one = export_directory(tmp_path, "org/model", "fp32")

    assert one != export_directory(tmp_path, "other/model", "fp32")
    assert one != export_directory(tmp_path, "org/model", "int8")
    assert one == export_directory(tmp_path, "org/model", "fp32")


def test_a_model_at_a_path_is_kept_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)

    assert export_directory(Path("/e"), "model", "fp32") == export_directory(
        Path("/e"), str(tmp_path / "model"), "fp32"
    )


def test_a_model_at_a_path_is_loaded_from_there_and_another_by_its_name(tmp_path: Path) -> None:
    assert find_source(str(tmp_path)) == str(tmp_path)
    assert find_source("org/model") == "org/model"


def test_a_files_hash_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")

    # FIPS 180-2, appendix B.1.
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
