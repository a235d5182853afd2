"""An index of the incidents that have not ended: few among millions of events, and looked for at every start."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    began = sa.text("status = 'began'")
    op.create_index("events_left_open", "events", ["seq"], sqlite_where=began, postgresql_where=began)


def downgrade() -> None:
    op.drop_index("events_left_open", "events")
