"""How Alembic runs the migrations: on the connection it is handed, in the transaction of whoever handed it.

Without a connection it writes the statements down, in the dialect it is told.
"""

from alembic import context

from packetflow.stores.tables import metadata

# Batch mode: SQLite changes a column by building its table anew.
context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name=context.config.attributes.get("dialect"),
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
