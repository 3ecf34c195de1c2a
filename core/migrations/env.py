"""What Alembic runs: the steps on the connection, and in the transaction, of `upgrade`."""

from alembic import context

from core.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
