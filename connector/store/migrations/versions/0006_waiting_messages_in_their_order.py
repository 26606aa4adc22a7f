"""Claimed messages are read in their order, a page at a time, however many wait"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_message_work", table_name="message")
    op.create_index("ix_message_work", "message", ["state", "account", "rank", "not_before"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_message_work", table_name="message")
    op.create_index("ix_message_work", "message", ["state", "account", "not_before"], unique=False)
