"""Alembic's entry: runs on the connection that `recourse.storage.migrate` hands over."""

from alembic import context

from recourse.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
