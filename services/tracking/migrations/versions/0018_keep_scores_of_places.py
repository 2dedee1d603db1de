"""Keep scores of places."""

import chassis.clock
import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('index_score',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('index', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('pcode', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('round_number', sa.Integer(), nullable=False),
    sa.Column('vintage', sa.Integer(), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.Column('band', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source_count', sa.Integer(), nullable=True),
    sa.Column('restated_because', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('recorded_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('recorded_at', chassis.clock.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_index_score')),
    sa.UniqueConstraint('index', 'pcode', 'round_number', 'vintage', name='uq_score_vintage')
    )


def downgrade() -> None:
    op.drop_table('index_score')
