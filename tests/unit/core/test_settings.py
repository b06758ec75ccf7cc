import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from sourcier_core.errors import InvalidSettings
from sourcier_core.settings import IndexSettings, load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SOURCIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def profile(folder: Path, text: str) -> str:
    path = folder / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


# --- later wins


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings()

    assert settings.index == IndexSettings()
    assert settings.home == Path("~/.sourcier").expanduser()


def test_a_profile_wins_over_the_defaults_and_keeps_the_others(tmp_path: Path) -> None:
    settings = load_settings(profile=profile(tmp_path, '[index]\nurl = "http://profile"'))

    assert (settings.index.url, settings.index.prefix) == ("http://profile", "sourcier")


def test_the_environment_wins_over_the_profile_key_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCIER_INDEX__URL", "http://environment")
    text = '[index]\nurl = "http://profile"\nprefix = "from-profile"'

    settings = load_settings(profile=profile(tmp_path, text))

    assert (settings.index.url, settings.index.prefix) == ("http://environment", "from-profile")


def test_arguments_win_over_the_environment_key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCIER_HTTP__PORT", "8001")
    monkeypatch.setenv("SOURCIER_HTTP__HOST", "0.0.0.0")

    settings = load_settings(overrides={"http": {"port": 8002}})

    assert (settings.http.port, settings.http.host) == (8002, "0.0.0.0")


def test_the_home_comes_from_argument_then_environment_then_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = profile(tmp_path, 'home = "/profile"')
    from_profile = load_settings(profile=written).home
    monkeypatch.setenv("SOURCIER_HOME", "/environment")
    from_environment = load_settings(profile=written).home
    from_argument = load_settings(profile=written, home=Path("/argument")).home

    assert [str(p) for p in (from_profile, from_environment, from_argument)] == [
        "/profile",
        "/environment",
        "/argument",
    ]


def test_the_profile_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCIER_PROFILE", profile(tmp_path, "[http]\nport = 9000"))

    assert load_settings().http.port == 9000


def test_a_profile_is_looked_for_by_name_in_configs(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "ours.toml").write_text("[http]\nport = 9001")

    assert load_settings(profile="ours").http.port == 9001


def test_the_shipped_profiles_are_found_by_name_from_anywhere() -> None:
    assert load_settings(profile="default").index.backend == "embedded"


def test_the_home_is_absolute_and_its_tilde_opened(tmp_path: Path) -> None:
    assert load_settings(home=Path("here")).home == tmp_path / "here"
    assert load_settings(home=Path("~/there")).home == Path.home() / "there"


def test_exports_are_kept_in_the_home_unless_said_otherwise(tmp_path: Path) -> None:
    elsewhere = load_settings(overrides={"embedding": {"exports": Path("/models")}})

    assert load_settings(home=tmp_path).exports == tmp_path / "models"
    assert elsewhere.exports == Path("/models")


def test_folders_to_follow_are_tables_of_the_profile_or_json_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = profile(tmp_path, '[[watch]]\npath = "~/in"\ncollection = "c"\n')
    from_profile = load_settings(profile=written).watch
    monkeypatch.setenv("SOURCIER_WATCH", '[{"path": "/srv/in", "collection": "d"}]')
    from_environment = load_settings(profile=written).watch

    assert [(w.path, w.collection) for w in from_profile] == [(Path.home() / "in", "c")]
    assert [(w.path, w.collection) for w in from_environment] == [(Path("/srv/in"), "d")]


# --- mistakes


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[index]\nurll = "http://x"', r"index\.urll"),
        ('[indx]\nurl = "http://x"', "indx"),
        ("[http]\nport = 70000", r"http\.port"),
        ('[http]\nport = "eighty"', r"http\.port"),
        ('[index]\nbackend = "remote"', r"index\.backend"),
        ("[reading]\nmax_pages = 0", r"reading\.max_pages"),
        ("index = 3", "index"),
        ('[[watch]]\npath = "/a"', r"watch\.0\.collection"),
        ('[[watch]]\npath = "/a"\ncollection = "c"\nintervall = 3', r"watch\.0\.intervall"),
        ('[[watch]]\npath = "/a"\ncollection = "c"\ninterval_seconds = 0', r"watch\.0\.interval_seconds"),
        ('[[watch]]\npath = "/a"\ncollection = "c"\n[[watch]]\npath = "/a"\ncollection = "c"', "twice"),
    ],
)
def test_a_mistake_in_a_profile_stops_the_start_and_names_the_key(
    tmp_path: Path, text: str, named: str
) -> None:
    written = profile(tmp_path, text)

    with pytest.raises(InvalidSettings, match=named) as caught:
        load_settings(profile=written)

    assert written in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("SOURCIER_INDEX__URLL", "http://x", r"index\.urll"),
        ("SOURCIER_INDX__URL", "http://x", "SOURCIER_INDX__URL"),
        ("SOURCIER_HTTP__PORT", "eighty", r"http\.port"),
    ],
)
def test_a_mistake_in_the_environment_stops_the_start_and_names_the_key(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSettings, match=named):
        load_settings()


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_let_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCIER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("SOURCIER_PORT", "tcp://10.0.0.1:8000")

    assert load_settings().http.port == 8000


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"http": {"prt": 8000}}, r"http\.prt"),
        ({"htp": {"port": 8000}}, "htp"),
        ({"http": {"port": 70_000}}, r"http\.port"),
    ],
)
def test_a_mistake_in_the_arguments_stops_the_start_and_names_the_key(
    overrides: dict[str, dict[str, int]], named: str
) -> None:
    with pytest.raises(InvalidSettings, match=named):
        load_settings(overrides=overrides)


@pytest.mark.parametrize("content", [b"[index\nurl = 1", b"\xff\xfe\x00"], ids=["no TOML", "no UTF-8"])
def test_a_profile_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "profile.toml").write_bytes(content)

    with pytest.raises(InvalidSettings, match=r"profile\.toml"):
        load_settings(profile=str(tmp_path / "profile.toml"))


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidSettings, match="'prodution'"):
        load_settings(profile="prodution")


# --- what settings are


def test_settings_do_not_change() -> None:
    settings = load_settings()

    with pytest.raises(ValidationError):
        settings.index = IndexSettings()  # type: ignore[misc] # the point
    with pytest.raises(ValidationError):
        settings.index.url = "http://other"  # type: ignore[misc] # the point


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCIER_INDEX__API_KEY", "correct-horse")

    settings = load_settings()

    assert settings.index.api_key is not None
    assert settings.index.api_key.get_secret_value() == "correct-horse"
    assert "correct-horse" not in repr(settings)
    assert "correct-horse" not in settings.model_dump_json()


def test_the_environment_is_read_when_asked_not_when_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings().http.port
    monkeypatch.setenv("SOURCIER_HTTP__PORT", "8123")

    assert (before, load_settings().http.port) == (8000, 8123)
