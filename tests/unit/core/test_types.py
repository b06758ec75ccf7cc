import json
import subprocess
import sys

from sourcier_core.types import FOREVER, chunk_id, document_id


def test_same_name_in_same_collection_is_the_same_document() -> None:
    assert document_id("rh", "guide.pdf") == document_id("rh", "guide.pdf")


def test_same_name_in_two_collections_is_two_documents() -> None:
    assert document_id("rh", "guide.pdf") != document_id("finances", "guide.pdf")


def test_collection_and_name_cannot_be_shifted_into_each_other() -> None:
    assert document_id("a", "b/c") != document_id("a/b", "c")


def test_chunk_id_depends_on_each_of_its_parts() -> None:
    document = document_id("rh", "guide.pdf")
    ids = {
        chunk_id(document, "v1", 1, 0, 10),
        chunk_id(document, "v2", 1, 0, 10),
        chunk_id(document, "v1", 2, 0, 10),
        chunk_id(document, "v1", None, 0, 10),
        chunk_id(document, "v1", 1, 1, 10),
        chunk_id(document, "v1", 1, 0, 11),
    }

    assert len(ids) == 6


def test_forever_survives_json_as_a_double() -> None:
    assert int(float(json.loads(json.dumps(FOREVER)))) == FOREVER


def test_importing_core_turns_onnxruntime_telemetry_off() -> None:
    code = "import os, sourcier_core; print(os.environ['ORT_DISABLE_TELEMETRY'])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})

    assert shown.stdout.strip() == "1"
