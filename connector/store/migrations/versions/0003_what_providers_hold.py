"""Messages that a provider holds until their date"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scheduled",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("schedule_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    with op.batch_alter_table("scheduled", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scheduled_account"), ["account"], unique=False)


def downgrade() -> None:
    op.drop_table("scheduled")
