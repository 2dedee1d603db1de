"""Registration's own small copy of the places, fed by tracking."""

from chassis.gazetteer import Gazetteer, PlaceColumns
from services.registration.tables import Table


class Place(Table, PlaceColumns, table=True):
    pass


GAZETTEER = Gazetteer(Place)
