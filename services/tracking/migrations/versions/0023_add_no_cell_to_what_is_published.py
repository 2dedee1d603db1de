"""
Let no cell be added to a publication after its approval.

Revision ID: 0023
Revises: 0022
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ONLY_DRAFTS = "what is published stays as it is"
CELLS = ("public_cell", "withheld_cell")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # By statement and not by row: a draft is kept in statements of thousands of cells.
        op.execute(
            f"""create function publication_takes_no_more() returns trigger language plpgsql as $$
            begin
              if exists (
                select 1 from publication where status = 'published'
                and id in (select publication_id from added)
              ) then
                raise exception '{ONLY_DRAFTS}' using errcode = 'insufficient_privilege';
              end if;
              return null;
            end $$"""
        )
        for table in CELLS:
            op.execute(
                f"create trigger {table}_takes_no_more after insert on {table} "
                "referencing new table as added "
                "for each statement execute function publication_takes_no_more()"
            )
        return
    for table in CELLS:
        op.execute(
            f"create trigger {table}_takes_no_more before insert on {table} "
            "when (select status from publication where id = new.publication_id) = 'published' "
            f"begin select raise(abort, '{ONLY_DRAFTS}'); end"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function publication_takes_no_more() cascade")
        return
    for table in CELLS:
        op.execute(f"drop trigger {table}_takes_no_more")
