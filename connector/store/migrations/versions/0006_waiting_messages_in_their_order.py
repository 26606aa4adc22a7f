"""What waits is found in its order, a page at a time, however much there is: messages to send, batches to ask about"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_message_work", table_name="message")
    op.create_index("ix_message_work", "message", ["state", "account", "rank", "not_before"], unique=False)
    op.execute("UPDATE attempt SET poll_at = started_at WHERE poll_at IS NULL")


def downgrade() -> None:
    op.drop_index("ix_message_work", table_name="message")
    op.create_index("ix_message_work", "message", ["state", "account", "not_before"], unique=False)
