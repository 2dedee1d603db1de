"""Assistance's own small copy of the places, fed by tracking."""

from chassis.gazetteer import Gazetteer, PlaceColumns
from services.assistance.tables import Table


class Place(Table, PlaceColumns, table=True):
    pass


GAZETTEER = Gazetteer(Place)
