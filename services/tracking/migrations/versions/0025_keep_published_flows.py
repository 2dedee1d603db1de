"""Keep published flows."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('flow_publication',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('month', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('vintage', sa.Integer(), nullable=True),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('individuals', sa.Integer(), nullable=False),
    sa.Column('observed_hours', sa.Integer(), nullable=False),
    sa.Column('hours', sa.Integer(), nullable=False),
    sa.Column('k', sa.Integer(), nullable=False),
    sa.Column('beside', sa.JSON(), nullable=False),
    sa.Column('cells', sa.Integer(), nullable=False),
    sa.Column('suppressed', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('drafted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('drafted_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_publication')),
    sa.UniqueConstraint('month', 'vintage', name=op.f('uq_flow_publication_month_vintage'))
    )
    op.create_table('public_flow',
    sa.Column('publication_id', sa.Uuid(), nullable=False),
    sa.Column('origin', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('destination', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('publication_id', 'origin', 'destination', name=op.f('pk_public_flow'))
    )
    op.create_table('withheld_flow',
    sa.Column('publication_id', sa.Uuid(), nullable=False),
    sa.Column('origin', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('destination', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('publication_id', 'origin', 'destination', name=op.f('pk_withheld_flow'))
    )
    _freeze()


ONLY_DRAFTS = "what is published stays as it is"
CELLS = ("public_flow", "withheld_flow")


def _freeze() -> None:
    """Let no cell be changed, deleted or added after approval, and no publication either."""
    if op.get_bind().dialect.name == "postgresql":
        _freeze_on_postgresql()
        return
    refuse = f"begin select raise(abort, '{ONLY_DRAFTS}'); end"
    for change in ("update", "delete"):
        for table in CELLS:
            op.execute(f"create trigger {table}_no_{change} before {change} on {table} {refuse}")
        op.execute(
            f"create trigger flow_publication_no_{change} before {change} on flow_publication "
            f"when old.status = 'published' {refuse}"
        )
    for table in CELLS:
        op.execute(
            f"create trigger {table}_takes_no_more before insert on {table} "
            "when (select status from flow_publication where id = new.publication_id) "
            f"= 'published' {refuse}"
        )


def _freeze_on_postgresql() -> None:
    op.execute(
        f"""create function flow_publication_takes_no_more() returns trigger language plpgsql as $$
        begin
          if exists (
            select 1 from flow_publication where status = 'published'
            and id in (select publication_id from added)
          ) then
            raise exception '{ONLY_DRAFTS}' using errcode = 'insufficient_privilege';
          end if;
          return null;
        end $$"""
    )
    for table in CELLS:
        op.execute(
            f"create trigger {table}_stays before update or delete on {table} "
            "for each row execute function publication_stays()"
        )
        op.execute(
            f"create trigger {table}_takes_no_more after insert on {table} "
            "referencing new table as added "
            "for each statement execute function flow_publication_takes_no_more()"
        )
    for table in (*CELLS, "flow_publication"):
        op.execute(
            f"create trigger {table}_never_emptied before truncate on {table} "
            "for each statement execute function publication_stays()"
        )
    op.execute(
        "create trigger flow_publication_stays before update or delete on flow_publication "
        "for each row when (old.status = 'published') execute function publication_stays()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function flow_publication_takes_no_more() cascade")
    op.drop_table('withheld_flow')
    op.drop_table('public_flow')
    op.drop_table('flow_publication')
