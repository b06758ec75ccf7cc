"""Periods of effect, tags, allowed groups; documents that wait to be purged or restated."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FOREVER = 2**53 - 1
NEVER = "10000000"


def upgrade() -> None:
    """Add them; versions that were replaced have no chunks any more."""

    with op.batch_alter_table("state") as table:
        table.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("generations") as table:
        table.add_column(sa.Column("payload", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("tags", sa.Text(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("groups", sa.Text(), nullable=False, server_default="[]"))
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("given", sa.Text(), nullable=False, server_default="{}"))
    with op.batch_alter_table("versions") as table:
        table.add_column(sa.Column("first_day", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("end_day", sa.Integer(), nullable=False, server_default=NEVER))
        table.add_column(sa.Column("superseded_day", sa.Integer(), nullable=False, server_default=NEVER))
        table.add_column(sa.Column("committed_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("followed_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("searchable", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "removals",
        sa.Column("document", sa.String(length=36), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document"),
    )
    op.create_table(
        "restatements",
        sa.Column("document", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("document"),
    )
    # Nobody wrote down when they were replaced: today at the latest.
    today = datetime.now(UTC).date().toordinal()
    versions = sa.table(
        "versions",
        sa.column("valid_to", sa.BigInteger()),
        sa.column("superseded_day", sa.Integer()),
        sa.column("searchable", sa.Boolean()),
    )
    op.execute(
        versions.update().where(versions.c.valid_to != FOREVER).values(superseded_day=today, searchable=False)
    )
    # A delete that the former release began left no mark of its files: they are purged again.
    op.execute(
        "INSERT INTO removals (document, requested_at) "
        "SELECT id, updated_at FROM documents WHERE deleted AND id IN (SELECT document FROM versions)"
    )


def downgrade() -> None:
    """Drop them."""

    op.drop_table("restatements")
    op.drop_table("removals")
    with op.batch_alter_table("versions") as table:
        for column in ("searchable", "followed_at", "committed_at", "superseded_day", "end_day", "first_day"):
            table.drop_column(column)
    with op.batch_alter_table("jobs") as table:
        table.drop_column("given")
    with op.batch_alter_table("documents") as table:
        table.drop_column("groups")
        table.drop_column("tags")
    with op.batch_alter_table("generations") as table:
        table.drop_column("payload")
    with op.batch_alter_table("state") as table:
        table.drop_column("revision")
