"""
What leaves to others of a person: asked for, sent, collected, and ended, each time by consent.

    queued -> sent -> ended -> confirmed
       queued -> refused

A service that shares keeps copies of consents, agreements and exceptions, fed by events, and asks
them at the moment of use: when a share is asked for, when it is sent, when it is collected. It has
to be sure that they are whole; while it is not, it shares nothing.
"""

from chassis.sharing.api import routes
from chassis.sharing.models import ShareIn, ShareOut
from chassis.sharing.sender import sender
from chassis.sharing.service import Sharing
from chassis.sharing.tables import ShareColumns, sharing_tables

__all__ = ["ShareColumns", "ShareIn", "ShareOut", "Sharing", "routes", "sender", "sharing_tables"]
