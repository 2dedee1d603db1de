"""Missions that a test may ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from standalone import Standalone
from tests.privacy.mission import Mission


@pytest.fixture
async def mission(tmp_path: Path) -> AsyncIterator[Mission]:
    system = Standalone(tmp_path / "home", "http://masar.test")
    async with system.running():
        mission = Mission(system)
        yield mission
        await mission.close()
