"""Who saw and changed what: a record that cannot be altered without showing it."""

from chassis.audit.entries import Actor, note, read, system

__all__ = ["Actor", "note", "read", "system"]
