"""The PostgreSQL that tests are given is a real one, can be hurt, and goes away."""

from contextlib import closing

import asyncpg
import pytest

from tests.servers import debian
from tests.servers import postgres as postgres_server
from tests.servers.postgres import PostgresServer
from tests.servers.processes import ServerUnavailableError, is_alive


async def test_postgres_answers(postgres: PostgresServer) -> None:
    connection = await asyncpg.connect(postgres.url())

    answer = await connection.fetchval("select 1")

    await connection.close()
    assert answer == 1


def test_a_role_opens_the_database_it_owns(postgres: PostgresServer) -> None:
    postgres.create_role("wadi", "it's % secret")
    postgres.create_database("wadi", owner="wadi")

    [[who]] = PostgresServer(postgres.url("wadi", "wadi", "it's % secret")).fetch(
        "select current_user || '@' || current_database()"
    )

    postgres.drop_database("wadi")
    postgres.drop_role("wadi")
    assert who == "wadi@wadi"


@pytest.mark.integration
def test_a_killed_postgres_keeps_its_rows_and_a_closed_one_leaves_nothing() -> None:
    with closing(postgres_server.start_private()) as server:
        server.fetch("create table convoys as select 'Ghat' as goes_to")
        killed = server.workplace.pids()

        server.kill()
        left_by_kill = [pid for pid in killed if is_alive(pid)]
        server.start()
        rows = server.fetch("select goes_to from convoys")
        running = server.workplace.pids()

    assert left_by_kill == []
    assert [row["goes_to"] for row in rows] == ["Ghat"]
    assert [pid for pid in running if is_alive(pid)] == []
    assert not server.workplace.path.exists()


def test_a_server_that_is_not_ours_is_not_killed() -> None:
    named = PostgresServer("postgresql://somebody@db.example:5433/theirs")

    with pytest.raises(ServerUnavailableError, match="MASAR_TEST_POSTGRES_URL") as refusal:
        named.kill()

    assert len(str(refusal.value).splitlines()) == 1
    assert named.url() == "postgresql://somebody:@db.example:5433/theirs"


def test_what_is_installed_is_not_installed_again() -> None:
    found = debian.find_or_install(
        lambda: "/opt/bin", package="postgresql", variable="NAMED", tell=pytest.fail
    )

    assert found == "/opt/bin"
