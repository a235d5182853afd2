"""Series and their counts by the hour; indexes that hand out the events of a series in the order of time.

With millions of events this takes minutes, once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SERIES = ("camera", "family", "kind", "label")


def upgrade() -> None:
    op.create_table("series", *_keys(), sqlite_with_rowid=False)
    op.create_table(
        "counts",
        sa.Column("hour_us", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_keys(),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    # Down to the full hour, in microseconds. What is left of a division has the sign of what was divided: moments
    # before 1970 must go down, too.
    op.execute(
        "INSERT INTO counts (hour_us, camera, family, kind, label, n) "
        "SELECT at_us - ((at_us % 3600000000) + 3600000000) % 3600000000, "
        "camera, family, kind, coalesce(label, ''), count(*) FROM events GROUP BY 1, 2, 3, 4, 5"
    )
    op.execute("INSERT INTO series SELECT DISTINCT camera, family, kind, label FROM counts")
    op.drop_index("events_by_kind", "events")
    op.drop_index("events_by_camera", "events")
    op.create_index("events_by_kind", "events", ["kind", "label", "at_us", "id"])
    op.create_index("events_by_camera", "events", ["camera", "kind", "label", "at_us", "id"])


def downgrade() -> None:
    op.drop_index("events_by_kind", "events")
    op.drop_index("events_by_camera", "events")
    op.create_index("events_by_camera", "events", ["camera", "at_us", "id"])
    op.create_index("events_by_kind", "events", ["kind", "at_us", "id"])
    op.drop_table("counts")
    op.drop_table("series")


def _keys() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), primary_key=True) for name in SERIES]
