"""Runs the migrations on the connection that `api.database` hands over; nothing else calls alembic."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
