"""Keep publications."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('public_cell',
    sa.Column('publication_id', sa.Uuid(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('category', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('publication_id', 'pcode', 'dimension', 'category', name=op.f('pk_public_cell'))
    )
    with op.batch_alter_table('public_cell', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_public_cell_publication_id_level_dimension_pcode_category'), ['publication_id', 'level', 'dimension', 'pcode', 'category'], unique=False)

    op.create_table('publication',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('vintage', sa.Integer(), nullable=True),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('round_version', sa.Integer(), nullable=False),
    sa.Column('period', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('individuals', sa.Integer(), nullable=False),
    sa.Column('k', sa.Integer(), nullable=False),
    sa.Column('dimensions', sa.JSON(), nullable=False),
    sa.Column('beside', sa.JSON(), nullable=False),
    sa.Column('cells', sa.Integer(), nullable=False),
    sa.Column('suppressed', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('drafted_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('drafted_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('decided_at', chassis.clock.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication')),
    sa.UniqueConstraint('round_number', 'population', 'vintage', name=op.f('uq_publication_round_number_population_vintage'))
    )
    op.create_table('stated_total',
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('round_number', 'population', 'pcode', 'dimension', name=op.f('pk_stated_total'))
    )
    op.create_table('sum_explanation',
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('population', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('parts', sa.Integer(), nullable=False),
    sa.Column('whole', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('explained_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('explained_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('round_number', 'population', 'pcode', 'dimension', name=op.f('pk_sum_explanation'))
    )
    op.create_table('withheld_cell',
    sa.Column('publication_id', sa.Uuid(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('dimension', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('category', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('publication_id', 'pcode', 'dimension', 'category', name=op.f('pk_withheld_cell'))
    )
    _freeze()


ONLY_ADDED = "what is published stays as it is"
CELLS = ("public_cell", "withheld_cell")


def _freeze() -> None:
    """Let no cell be changed or deleted, and no publication after its approval."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"""create function publication_stays() returns trigger language plpgsql as $$
            begin
              raise exception '{ONLY_ADDED}' using errcode = 'insufficient_privilege';
            end $$"""
        )
        for table in CELLS:
            op.execute(
                f"create trigger {table}_stays before update or delete on {table} "
                "for each row execute function publication_stays()"
            )
        for table in (*CELLS, "publication"):
            op.execute(
                f"create trigger {table}_never_emptied before truncate on {table} "
                "for each statement execute function publication_stays()"
            )
        op.execute(
            "create trigger publication_stays before update or delete on publication "
            "for each row when (old.status = 'published') execute function publication_stays()"
        )
        return
    refuse = f"begin select raise(abort, '{ONLY_ADDED}'); end"
    for change in ("update", "delete"):
        for table in CELLS:
            op.execute(f"create trigger {table}_no_{change} before {change} on {table} {refuse}")
        op.execute(
            f"create trigger publication_no_{change} before {change} on publication "
            f"when old.status = 'published' {refuse}"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function publication_stays() cascade")
    op.drop_table('withheld_cell')
    op.drop_table('sum_explanation')
    op.drop_table('stated_total')
    op.drop_table('publication')
    with op.batch_alter_table('public_cell', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_public_cell_publication_id_level_dimension_pcode_category'))

    op.drop_table('public_cell')
