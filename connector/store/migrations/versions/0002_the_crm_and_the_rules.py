"""What the CRM is owed, and what decides whether a message may go"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _json(name: str, empty: str) -> sa.Column[Any]:
    kind = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    return sa.Column(name, kind, server_default=empty, nullable=False)


def upgrade() -> None:
    _blacklist_call()
    _consent()
    _crm_write()
    _cursor()
    _lease()
    _pause()
    _phone()
    _spending()


def downgrade() -> None:
    for name in ("blacklist_call", "consent", "crm_write", "cursor", "lease", "pause", "phone", "spending"):
        op.drop_table(name)


def _blacklist_call() -> None:
    op.create_table(
        "blacklist_call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("standing IN ('due', 'done', 'parked')", name="ck_blacklist_standing"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("blacklist_call", schema=None) as batch_op:
        batch_op.create_index("ix_blacklist_work", ["standing", "account", "number", "id"], unique=False)


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        _json("evidence", "{}"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('reply', 'start_word', 'provider', 'crm', 'person')", name="ck_consent_source"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_number", ["org", "number", "scope", "voice", "id"], unique=False)
        batch_op.create_index("ix_consent_voice", ["org", "voice", "id"], unique=False)


def _crm_write() -> None:
    op.create_table(
        "crm_write",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=True),
        sa.Column("key_field", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        _json("fields", "{}"),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("mapping", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "set_aside", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=True
        ),
        sa.Column("lock_parent", sa.String(), nullable=True),
        sa.CheckConstraint("cause IN ('claim', 'status', 'activity', 'reply', 'opt_out')", name="ck_write_cause"),
        sa.CheckConstraint("standing IN ('due', 'done', 'parked')", name="ck_write_standing"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("crm_write", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_crm_write_message_id"), ["message_id"], unique=False)
        batch_op.create_index("ix_write_record", ["org", "object", "record_id"], unique=False)
        batch_op.create_index("ix_write_work", ["standing", "not_before", "id"], unique=False)


def _cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), nullable=False),
        _json("value", "{}"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _pause() -> None:
    op.create_table(
        "pause",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scope IN ('everything', 'account', 'mapping')", name="ck_pause_scope"),
        sa.PrimaryKeyConstraint("scope", "name"),
    )


def _phone() -> None:
    op.create_table(
        "phone",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("e164", sa.String(), nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org", "object", "record_id", "field"),
    )
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phone_e164"), ["e164"], unique=False)


def _spending() -> None:
    op.create_table(
        "spending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("mapping", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("spending", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_spending_at"), ["at"], unique=False)
        batch_op.create_index("ix_spending_campaign", ["campaign", "at"], unique=False)
