"""The catalogue's tables, one schema for SQLite and PostgreSQL. A change here needs a migration beside it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    true,
)

from sourcier_core.types import ALWAYS, NEVER

SCHEMA_REVISION = "0005"  # the newest migration; a database that says otherwise is migrated when opened

metadata = MetaData()

# One row: the sequence at which questions read now. Each commit that changes what answers raises it by one.
state = Table(
    "state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sequence", Integer, nullable=False),
    # Raised by every commit after which a question may find something else, also where the sequence stays.
    Column("revision", Integer, nullable=False, server_default="0"),
)

generations = Table(
    "generations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", Text, nullable=False),  # reader, chunker, analyser and model settings
    Column("dimension", Integer, nullable=False),
    Column("payload", Integer, nullable=False, server_default="1"),  # layout of its chunks' stored fields
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("state", String(20), nullable=False, server_default="kept"),  # see GenerationState; one is "live"
    Column("recipe", Text),  # JSON, see Recipe; null of one made by a release that did not note it
    Column("edition", String(40), nullable=False, server_default=""),  # of the page sidecars that it cites
    Column("request", Text),  # JSON: who asked for it, and how it is to be judged
    Column("progress", Text),  # JSON: how far building is, at the end what it cost
    Column("report", Text),  # JSON: of the gate
    Column("error_code", String(60)),
    Column("error", Text),
    Column("complete_at", Integer, nullable=False, server_default="0"),  # least sequence that it answers for
    Column("promoted_at", DateTime(timezone=True)),
    Column("retired_at", DateTime(timezone=True)),
)

# What a generation that is not live holds: the live one holds all that answers.
generation_documents = Table(
    "generation_documents",
    metadata,
    Column("generation", Integer, ForeignKey("generations.id"), nullable=False),
    Column("document", String(36), nullable=False),
    Column("version", String(64), nullable=False),
    Column("valid_from", Integer, nullable=False),
    Column(
        "facts", Text, nullable=False
    ),  # JSON, see Facts: what of the document its reader and chunker decide
    Column("stamp", Text, nullable=False),  # what its chunks have beside their text
    PrimaryKeyConstraint("generation", "document", "valid_from"),
)

# What an administrator did that has no proof of its own; rows are never changed.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("public", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("collection", String(100), ForeignKey("collections.name"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", Text),
    Column("reason_code", String(60)),
    Column("version", String(64)),
    Column("media_type", String(60)),
    Column("language", String(8), nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("tags", Text, nullable=False, server_default="[]"),  # JSON list of strings
    Column("groups", Text, nullable=False, server_default="[]"),  # the same; none: as the collection says
)

versions = Table(
    "versions",
    metadata,
    Column("document", String(36), ForeignKey("documents.id"), nullable=False),
    Column("version", String(64), nullable=False),
    Column("valid_from", Integer, nullable=False),
    Column("valid_to", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("media_type", String(60), nullable=False),
    Column("language", String(8), nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("first_day", Integer, nullable=False, server_default=str(ALWAYS)),  # of effect, as date.toordinal
    Column("end_day", Integer, nullable=False, server_default=str(NEVER)),  # as declared, left out
    Column("superseded_day", Integer, nullable=False, server_default=str(NEVER)),
    Column("committed_at", DateTime(timezone=True)),
    Column("followed_at", DateTime(timezone=True)),  # when the commit of another version set valid_to
    Column("searchable", Boolean, nullable=False, server_default=true()),  # its chunks are in the index
    PrimaryKeyConstraint("document", "version", "valid_from"),
)

# A write that has begun and not ended: undone when the catalogue is opened after a crash.
writes = Table(
    "writes",
    metadata,
    Column("document", String(36), primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
)

# Documents that were deleted and whose chunks and files are still there: no question sees them.
removals = Table(
    "removals",
    metadata,
    Column("document", String(36), primary_key=True),
    Column("requested_at", DateTime(timezone=True), nullable=False),
)

# Documents whose stored fields in the index are yet to be brought to what this catalogue says.
restatements = Table(
    "restatements",
    metadata,
    Column("document", String(36), primary_key=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("document", String(36), nullable=False),
    Column("collection", String(100), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("pages_done", Integer, nullable=False),
    Column("pages_total", Integer, nullable=False),
    Column("error_code", String(60)),
    Column("error", Text),
    Column("upload", Text, nullable=False),  # where the uploaded bytes wait
    Column("given", Text, nullable=False, server_default="{}"),  # JSON of what the sender said of the file
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("prefix", String(16), nullable=False, unique=True),  # shown, to recognise a key by
    Column("digest", LargeBinary(32), nullable=False),  # sha256: a key holds 256 random bits, so no slow hash
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("created_at", DateTime(timezone=True), nullable=False),
)

# Boxes of quotes cited before: computing them opens the file.
quote_boxes = Table(
    "quote_boxes",
    metadata,
    Column("version", String(64), nullable=False),
    Column("page", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("boxes", Text, nullable=False),  # JSON: rows of x0, y0, x1, y1
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    PrimaryKeyConstraint("version", "page", "start", "end"),
)

# A folder that is followed, and what its last scan found.
watches = Table(
    "watches",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("path", Text, nullable=False),
    Column("collection", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("message", Text),
    Column("report", Text, nullable=False),  # JSON: counts of the last scan
    Column("scanned_at", DateTime(timezone=True)),
)

# Which file of which folder a document came from: only these are ever removed for want of their file.
watched_files = Table(
    "watched_files",
    metadata,
    Column("watch", String(36), nullable=False),
    Column("name", Text, nullable=False),  # relative path, the document's name
    Column("document", String(36), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),  # as the file system says, since 1970
    Column("sha256", String(64)),  # of the bytes that answer; None while none do
    Column("state", String(20), nullable=False),
    Column("owned", Boolean, nullable=False),  # whether its present bytes came from this folder
    Column("attempts", Integer, nullable=False),
    Column("error_code", String(60)),
    Column("error", Text),
    PrimaryKeyConstraint("watch", "name"),
)

# What reading a version found: pages to doubt, words kept out, languages, tables.
passports = Table(
    "passports",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("passport", Text, nullable=False),  # JSON, see passport.py
)
