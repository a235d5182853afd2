"""The index of recordings, and the legal holds that keep them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("file", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("began_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("key_pictures", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
    )
    op.create_index("recordings_by_camera", "recordings", ["camera", "began_us"])
    op.create_index("recordings_by_time", "recordings", ["began_us"])
    op.create_table(
        "holds",
        sa.Column("event", sa.String(64), primary_key=True),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("began_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("holds_by_camera", "holds", ["camera", "began_us"])


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_table("recordings")
