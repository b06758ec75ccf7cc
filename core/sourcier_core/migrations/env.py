"""Run by Alembic, on the connection that the catalogue passes in."""

from alembic import context

from sourcier_core.catalogue_tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
