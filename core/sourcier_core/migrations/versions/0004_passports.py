"""Passports of versions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; passports of what was read before are made when they are asked for."""

    op.create_table(
        "passports",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("passport", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )


def downgrade() -> None:
    """Drop it."""

    op.drop_table("passports")
