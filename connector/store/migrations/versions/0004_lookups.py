"""Lookups of recipients before a send"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lookup",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("under_way", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "result", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("standing IN ('due', 'asking', 'under_way', 'known', 'failed')", name="ck_lookup_standing"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "target", name="uq_lookup_target"),
    )
    op.create_index("ix_lookup_work", "lookup", ["account", "standing", "requested_at"], unique=False)
    op.create_index("ix_lookup_settled", "lookup", ["settled_at"], unique=False)
    op.create_table(
        "message_lookup",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_message_lookup_target", "message_lookup", ["account", "target"], unique=False)


def downgrade() -> None:
    op.drop_table("message_lookup")
    op.drop_table("lookup")
