"""
Serves registration alone, for benchmarks: `python -m benchmarks.one_service protected|bare`.

`bare` takes authorisation, audit and sealing out of this process by putting stand-ins into it. It
is here and not in the service, so that no setting of an installation can do the same.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from sqlalchemy import Integer, literal, true

import chassis.app
from chassis import audit, collector, crypto
from chassis.authz import Access
from chassis.bus import InProcessBus
from chassis.issuer import KeySource
from chassis.sealing import FORM, DataKey
from chassis.settings import Settings
from chassis.views import View
from services.registration.main import SERVICE
from services.registration.persons import sealed


def main() -> None:
    if sys.argv[1:] == ["bare"]:
        _without_authorisation()
        _without_audit()
        _without_sealing()
    # As where a service is served (chassis/serve.py).
    collector.begin()
    settings = Settings(
        database_url=SecretStr(os.environ["MASAR_DATABASE_URL"]), log_level="WARNING"
    )
    bus = InProcessBus()
    bus.open()
    app = chassis.app.create_service(SERVICE, settings, bus, _keys())
    port = int(os.environ["MASAR_PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


def _keys() -> KeySource:
    key = ECKey.import_key(json.loads(Path(os.environ["BENCHMARK_KEY"]).read_text()))

    async def fetch() -> dict[str, Any]:
        return dict(KeySet([key]).as_dict(private=False))

    return KeySource(fetch)


def _put(owner: Any, **stand_ins: Any) -> None:
    for name, stand_in in stand_ins.items():
        assert hasattr(owner, name), name
        setattr(owner, name, stand_in)


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _without_authorisation() -> None:
    def masked(_view: View, values: Mapping[str, Any], _standing: int) -> dict[str, Any]:
        return dict(values)

    _put(
        Access,
        rows=lambda *_, **__: true(),
        standing=lambda *_, **__: literal(0, Integer).label("standing"),
        refuse_elsewhere=_nothing,
    )
    _put(View, masked=masked, hides=lambda *_: False, standing_of_new=lambda *_: 0)


def _without_audit() -> None:
    class NotRecorded:
        def __init__(self, app: Any, **_: Any) -> None:
            self._app = app

        async def __call__(self, *arguments: Any) -> None:
            await self._app(*arguments)

    _put(chassis.app, Recorded=NotRecorded)
    _put(audit, note=_nothing, read=_nothing)


def _without_sealing() -> None:
    async def subject_keys(_session: Any, subjects: Any, **_: Any) -> crypto.Keys:
        return crypto.Keys({str(each): DataKey(str(each), bytes(32)) for each in subjects})

    async def wrapped(_session: Any, made: Any) -> list[Any]:
        return [None for _ in made]

    async def keep_new(*_: Any) -> None:
        pass

    _put(
        DataKey,
        seal_bytes=lambda _key, _table, _column, content, **_: FORM + content,
        open_bytes=lambda _key, _table, _column, kept, **_: kept[1:],
    )
    _put(sealed, document_indexes=lambda *_: [])
    _put(crypto, subject_keys=subject_keys, wrapped=wrapped, keep_new=keep_new)


if __name__ == "__main__":
    main()
