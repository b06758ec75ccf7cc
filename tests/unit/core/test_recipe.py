from dataclasses import replace

import pytest

from sourcier_core.recipe import Recipe
from sourcier_core.settings import Settings

RECIPE = Recipe(
    reader="pdfium-1",
    chunker="lines-1",
    tokens=200,
    context_tokens=40,
    analyser="snowball-1",
    pivot="v1",
    model="a/model",
    precision="fp32",
    embedder="model-fp32-abc",
)


def test_a_recipe_comes_back_as_it_was_written() -> None:
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "no JSON", '{"reader": "pdfium-1"}'])
def test_what_is_no_recipe_of_this_release_is_none(text: str | None) -> None:
    assert Recipe.from_json(text) is None


def test_whatever_changes_chunks_or_vectors_changes_the_fingerprint() -> None:
    changed = [
        replace(RECIPE, reader="pdfium-2"),
        replace(RECIPE, chunker="lines-2"),
        replace(RECIPE, tokens=120),
        replace(RECIPE, context_tokens=20),
        replace(RECIPE, analyser="snowball-2"),
        replace(RECIPE, pivot="v2"),
        replace(RECIPE, pivot=None),
        replace(RECIPE, embedder="other-fp32-def"),
    ]

    assert len({RECIPE.fingerprint, *(recipe.fingerprint for recipe in changed)}) == 9


def test_the_settings_take_what_a_recipe_says_and_keep_the_rest() -> None:
    settings = Settings()

    applied = replace(RECIPE, tokens=120, pivot=None).applied_to(settings)

    assert (applied.chunking.tokens, applied.embedding.model, applied.embedding.pivot) == (
        120,
        "a/model",
        False,
    )
    assert applied.embedding.batch_size == settings.embedding.batch_size
    assert applied.retrieval == settings.retrieval


def test_differences_are_told_by_the_names_of_the_settings() -> None:
    wanted = replace(RECIPE, tokens=120, model="b/model", embedder=None, pivot=None)

    told = [(d.name, d.live, d.wanted) for d in RECIPE.differences(wanted)]

    assert told == [
        ("embedding.model", "a/model", "b/model"),
        ("embedding.pivot", "v1", "off"),
        ("chunking.tokens", "200", "120"),
    ]


def test_a_model_that_was_not_exported_yet_is_told_by_its_name_alone() -> None:
    assert RECIPE.differences(replace(RECIPE, embedder=None)) == ()


def test_other_weights_under_the_same_name_are_a_difference() -> None:
    (difference,) = RECIPE.differences(replace(RECIPE, embedder="model-fp32-def"))

    assert str(difference) == (
        "the model's weights is model-fp32-abc in the live generation and model-fp32-def in the settings"
    )
