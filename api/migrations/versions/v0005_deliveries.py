"""The outbox: what has to be sent to sinks, and what was sent of which incidents and rules."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("sink", sa.Text(), primary_key=True),
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("noted_us", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
    )
    op.create_index("deliveries_by_state", "deliveries", ["sink", "state", "seq"])
    op.create_table(
        "deliveries_told",
        sa.Column("sink", sa.Text(), primary_key=True),
        sa.Column("event", sa.String(64), primary_key=True),
    )
    op.create_table(
        "deliveries_last",
        sa.Column("sink", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), primary_key=True),
        sa.Column("rule", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("deliveries_last")
    op.drop_table("deliveries_told")
    op.drop_table("deliveries")
