"""Keep birth dates as they were told: in part, in another calendar, as an age, or not at all."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.alter_column(
            'birth_date',
            existing_type=sa.Date(),
            type_=sqlmodel.sql.sqltypes.AutoString(),
            nullable=True,
            postgresql_using="to_char(birth_date, 'YYYY-MM-DD')",
        )
        batch_op.add_column(sa.Column('birth_date_calendar', sqlmodel.sql.sqltypes.AutoString(), server_default='gregorian', nullable=False))
        batch_op.add_column(sa.Column('age', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('age_to', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('age_as_of', sa.Date(), nullable=True))


def downgrade() -> None:
    # A year alone, a Hijri date or an age is no day, and is not made one.
    op.execute(
        "UPDATE person SET birth_date = NULL"
        " WHERE length(birth_date) < 10 OR birth_date_calendar <> 'gregorian'"
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('birth_day', sa.Date(), nullable=True))
    # SQLite would cast a text to the number it begins with, and copies it as it is.
    is_sqlite = op.get_bind().dialect.name == 'sqlite'
    day = 'birth_date' if is_sqlite else 'CAST(birth_date AS date)'
    op.execute(f"UPDATE person SET birth_day = {day}")
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_column('age_as_of')
        batch_op.drop_column('age_to')
        batch_op.drop_column('age')
        batch_op.drop_column('birth_date_calendar')
        batch_op.drop_column('birth_date')
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.alter_column('birth_day', new_column_name='birth_date')
