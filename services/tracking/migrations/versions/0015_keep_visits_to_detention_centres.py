"""Keep visits to detention centres."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('detention_visit',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('site_id', sa.Uuid(), nullable=False),
    sa.Column('visited_on', sa.Date(), nullable=False),
    sa.Column('entry', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('corrects', sa.Uuid(), nullable=True),
    sa.Column('organisation', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], name=op.f('fk_detention_visit_site_id_site')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_detention_visit')),
    sa.UniqueConstraint('corrects', name=op.f('uq_detention_visit_corrects'))
    )
    with op.batch_alter_table('detention_visit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_detention_visit_site_id'), ['site_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('detention_visit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_detention_visit_site_id'))

    op.drop_table('detention_visit')
