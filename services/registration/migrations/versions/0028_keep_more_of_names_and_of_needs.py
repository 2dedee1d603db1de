"""Keep more of names and of needs."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('correction', schema=None) as batch_op:
        batch_op.add_column(sa.Column('changed_on', sa.Date(), nullable=True))

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('no_name_because', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('given_name_latin', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('father_name_latin', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('grandfather_name_latin', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('family_name_latin', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('other_names', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('stateless', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('languages', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('place_before', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('place_of_origin', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('disability', sa.LargeBinary(), nullable=True))
        batch_op.alter_column('given_name', existing_type=sa.VARCHAR(), nullable=True)



def downgrade() -> None:
    # Who has no name is told apart from nobody, but stays.
    op.execute("UPDATE person SET given_name = '' WHERE given_name IS NULL")
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.alter_column('given_name', existing_type=sa.VARCHAR(), nullable=False)
        batch_op.drop_column('disability')
        batch_op.drop_column('place_of_origin')
        batch_op.drop_column('place_before')
        batch_op.drop_column('languages')
        batch_op.drop_column('stateless')
        batch_op.drop_column('other_names')
        batch_op.drop_column('family_name_latin')
        batch_op.drop_column('grandfather_name_latin')
        batch_op.drop_column('father_name_latin')
        batch_op.drop_column('given_name_latin')
        batch_op.drop_column('no_name_because')

    with op.batch_alter_table('correction', schema=None) as batch_op:
        batch_op.drop_column('changed_on')

