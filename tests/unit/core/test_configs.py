import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sourcier_core.settings import Section, Settings, WatchSettings, load_settings

CONFIGS = Path(__file__).parents[3] / "configs"
DEFAULT = CONFIGS / "default.toml"
PROFILES = sorted(CONFIGS.glob("*.toml"))

Keys = dict[tuple[str, ...], Any]


@pytest.fixture(autouse=True)
def _only_what_the_files_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _environment_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_default_toml_holds_every_default_and_nothing_else() -> None:
    with_value = {path: value for path, value in _code_defaults().items() if value is not None}

    written = _flatten(tomllib.loads(DEFAULT.read_text(encoding="utf-8")))

    assert written == with_value
    # 10 equals 10.0 in Python; whoever copies the line should see which of the two is meant.
    assert {path: type(value) for path, value in written.items()} == {
        path: type(value) for path, value in with_value.items()
    }


def test_default_toml_shows_each_setting_without_a_default_as_a_comment_in_its_section() -> None:
    without_value = {path for path, value in _code_defaults().items() if value is None}

    assert _commented_keys(DEFAULT.read_text(encoding="utf-8")) == without_value


def test_the_example_of_a_followed_folder_holds_every_key_with_its_default() -> None:
    _, example = DEFAULT.read_text(encoding="utf-8").split("# [[watch]]\n")
    written = tomllib.loads(example.replace("#   ", ""))

    defaults = WatchSettings(path=Path(written.pop("path")), collection=written.pop("collection"))

    assert written == defaults.model_dump(mode="json", exclude={"path", "collection"}) | {"public": False}


def test_default_toml_says_what_each_key_is() -> None:
    lines = DEFAULT.read_text(encoding="utf-8").splitlines()

    unexplained = [line for line in lines if re.match(r"(# )?\w+ = ", line) and "  # " not in line]

    assert unexplained == []


def test_default_toml_loads_as_no_profile_does() -> None:
    assert load_settings(profile=str(DEFAULT)) == load_settings()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_profile_loads_with_each_value_it_names(profile: Path) -> None:
    effective = _flatten(load_settings(profile=str(profile)).model_dump(mode="json"))

    named = _flatten(tomllib.loads(profile.read_text(encoding="utf-8")))

    named.pop(("home",), None)  # made absolute when loaded
    assert {path: effective[path] for path in named} == named


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_profile_holds_no_secret(profile: Path) -> None:
    assert ("index", "api_key") not in _flatten(tomllib.loads(profile.read_text(encoding="utf-8")))


def test_the_promised_profiles_are_there() -> None:
    names = {path.stem for path in PROFILES}

    assert names >= {"default", "embedded", "server", "multilingual", "openai-compatible"}


def test_embedded_and_openai_compatible_change_nothing() -> None:
    # The second will, with the generative mode; until then it must not pretend to.
    for name in ("embedded", "openai-compatible"):
        assert load_settings(profile=str(CONFIGS / f"{name}.toml")) == load_settings()


def test_multilingual_chunks_fit_what_its_model_reads() -> None:
    chunking = load_settings(profile=str(CONFIGS / "multilingual.toml")).chunking

    # The model's max_seq_length is 128; its tokenizer adds <s> and </s>: 96 + 28 + 2 = 126.
    assert chunking.tokens + chunking.context_tokens + 2 <= 128


def _code_defaults() -> Keys:
    sections = {
        name: section.model_dump(mode="json") if isinstance(section, Section) else str(section)
        for name, field in Settings.model_fields.items()
        for section in [field.get_default(call_default_factory=True)]
        if name != "watch"  # a list, empty by default: its example is tested below
    }
    return _flatten(sections)


def _environment_names() -> list[str]:
    keys = ["SOURCIER_PROFILE", *("SOURCIER_" + name.upper() for name in Settings.model_fields)]
    return keys + ["SOURCIER_" + "__".join(path).upper() for path in _code_defaults()]


def _commented_keys(text: str) -> set[tuple[str, ...]]:
    section: tuple[str, ...] = ()
    found = set()
    for line in text.splitlines():
        if head := re.match(r"\[(\w+)\]", line):
            section = (head[1],)
        elif key := re.match(r"# (\w+) = ", line):
            found.add((*section, key[1]))
    return found


def _flatten(values: dict[str, Any], above: tuple[str, ...] = ()) -> Keys:
    flat: Keys = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flatten(value, (*above, name))
        else:
            flat[(*above, name)] = value
    return flat
