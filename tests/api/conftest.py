from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store
from tests.api.databases import PostgreSQL, cluster, postgresql_missing
from tests.api.stage import Stage, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server; skips where there can be none on this machine."""
    if missing := postgresql_missing():
        pytest.skip(missing)
    with cluster() as server:
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database: a SQLite file, or what `both_databases` asks for."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path}/ngatu.db"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        with server.database() as url:
            yield url


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as store:
        yield store


@pytest.fixture
def stage(tmp_path: Path, database: str) -> Iterator[Stage]:
    with running(tmp_path, database=database) as stage:
        yield stage


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage that several tests share, because none of them changes anything."""
    with running(tmp_path_factory.mktemp("idle")) as stage:
        yield stage
