"""The events of all four families in one table, and the counter that numbers changes.

A migration is history: it spells its tables out and never imports those of `api.store`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
    )
    op.create_index("events_by_time", "events", ["at_us", "id"])
    op.create_index("events_by_camera", "events", ["camera", "at_us", "id"])
    op.create_index("events_by_kind", "events", ["kind", "at_us", "id"])
    op.create_table(
        "changes",
        sa.Column("one", sa.Integer(), sa.CheckConstraint("one = 1"), primary_key=True),
        sa.Column("last", BIG, nullable=False),
    )
    op.execute("INSERT INTO changes (one, last) VALUES (1, 0)")


def downgrade() -> None:
    op.drop_table("changes")
    op.drop_table("events")
