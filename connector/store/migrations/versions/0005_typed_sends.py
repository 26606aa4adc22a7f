"""Sends that a person types, and lookups under caps"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "typed_send",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=True),
        sa.Column(
            "recipients",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="[]",
            nullable=False,
        ),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_batch", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('asked', 'answered', 'refused', 'may_have_left', 'never_left')", name="ck_typed_send_outcome"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_typed_send_at", "typed_send", ["at"], unique=False)
    op.create_index("ix_typed_send_batch", "typed_send", ["account", "provider_batch"], unique=False)
    op.add_column("spending", sa.Column("lookups", sa.Integer(), server_default="0", nullable=False))
    op.add_column("lookup", sa.Column("room_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("lookup", "room_at")
    op.drop_column("spending", "lookups")
    op.drop_table("typed_send")
