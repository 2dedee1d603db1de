"""Give places shapes, aliases and days."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('place_alias',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('added_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('added_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['pcode'], ['place.pcode'], name=op.f('fk_place_alias_pcode_place')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_place_alias')),
    sa.UniqueConstraint('pcode', 'name', name=op.f('uq_place_alias_pcode_name'))
    )
    op.create_table('place_shape',
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('west', sa.Float(), nullable=False),
    sa.Column('south', sa.Float(), nullable=False),
    sa.Column('east', sa.Float(), nullable=False),
    sa.Column('north', sa.Float(), nullable=False),
    sa.Column('geometry', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['pcode'], ['place.pcode'], name=op.f('fk_place_shape_pcode_place')),
    sa.PrimaryKeyConstraint('pcode', name=op.f('pk_place_shape'))
    )
    with op.batch_alter_table('place', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name_fr', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('latitude', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('longitude', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('valid_from', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('valid_until', sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('place', schema=None) as batch_op:
        batch_op.drop_column('valid_until')
        batch_op.drop_column('valid_from')
        batch_op.drop_column('longitude')
        batch_op.drop_column('latitude')
        batch_op.drop_column('name_fr')

    op.drop_table('place_shape')
    op.drop_table('place_alias')
