"""The catalogue's schema from revision to revision (Alembic)."""
