"""Keep what places were called."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('former_place_name',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_en', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_ar', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name_fr', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_until', sa.Date(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['pcode'], ['place.pcode'], name=op.f('fk_former_place_name_pcode_place')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_former_place_name')),
    sa.UniqueConstraint('pcode', 'valid_until', name=op.f('uq_former_place_name_pcode_valid_until'))
    )


def downgrade() -> None:
    op.drop_table('former_place_name')
