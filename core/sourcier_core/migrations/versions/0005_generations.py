"""Generations keep what they are made with and how they were judged; documents by generation; an audit."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The generation that was live stays so; what it is made with is noted when it is opened."""

    with op.batch_alter_table("generations") as batch:
        batch.add_column(sa.Column("state", sa.String(length=20), nullable=False, server_default="kept"))
        batch.add_column(sa.Column("recipe", sa.Text(), nullable=True))
        batch.add_column(sa.Column("edition", sa.String(length=40), nullable=False, server_default=""))
        batch.add_column(sa.Column("request", sa.Text(), nullable=True))
        batch.add_column(sa.Column("progress", sa.Text(), nullable=True))
        batch.add_column(sa.Column("report", sa.Text(), nullable=True))
        batch.add_column(sa.Column("error_code", sa.String(length=60), nullable=True))
        batch.add_column(sa.Column("error", sa.Text(), nullable=True))
        batch.add_column(sa.Column("complete_at", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE generations SET state = 'live' WHERE live")
    with op.batch_alter_table("generations") as batch:
        batch.drop_column("live")
    op.create_table(
        "generation_documents",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=36), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["generation"], ["generations.id"]),
        sa.PrimaryKeyConstraint("generation", "document", "valid_from"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Forget all generations but the live one."""

    op.drop_table("audit")
    op.drop_table("generation_documents")
    with op.batch_alter_table("generations") as batch:
        batch.add_column(sa.Column("live", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE generations SET live = (state = 'live')")
    with op.batch_alter_table("generations") as batch:
        for name in (
            "state",
            "recipe",
            "edition",
            "request",
            "progress",
            "report",
            "error_code",
            "error",
            "complete_at",
            "promoted_at",
            "retired_at",
        ):
            batch.drop_column(name)
