"""Keep mappings of files."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mapping',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mapping')),
    sa.UniqueConstraint('organisation', 'name', name=op.f('uq_mapping_organisation_name'))
    )
    with op.batch_alter_table('mapping', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mapping_organisation_id'), ['organisation', 'id'], unique=False)

    op.create_table('mapping_version',
    sa.Column('mapping_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('made_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['mapping_id'], ['mapping.id'], name=op.f('fk_mapping_version_mapping_id_mapping')),
    sa.PrimaryKeyConstraint('mapping_id', 'version', name=op.f('pk_mapping_version'))
    )


def downgrade() -> None:
    op.drop_table('mapping_version')
    with op.batch_alter_table('mapping', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mapping_organisation_id'))

    op.drop_table('mapping')
