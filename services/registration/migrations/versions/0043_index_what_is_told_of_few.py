"""Leave out of indexes those of whom nothing is told that is told of few."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

INDEXES = {
    "client_id": ("organisation", "client_id"),
    "case_owner": ("case_owner", "id"),
    "registration_event_id": ("registration_event_id", "id"),
    "vulnerability_review_on": ("vulnerability_review_on",),
    "merged_into": ("merged_into",),
}


def upgrade() -> None:
    for told, columns in INDEXES.items():
        condition = sa.text(f"{told} is not null")
        _put_anew(columns, postgresql_where=condition, sqlite_where=condition)


def downgrade() -> None:
    for columns in INDEXES.values():
        _put_anew(columns)


def _put_anew(columns: tuple[str, ...], **where: sa.TextClause) -> None:
    name = op.f("_".join(("ix_person", *columns)))
    op.drop_index(name, "person")
    op.create_index(name, "person", list(columns), unique="client_id" in columns, **where)
