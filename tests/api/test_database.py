import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from api.database import connect
from api.errors import StoreError
from api.outbox import deliveries_table
from api.recording_index import recordings_table
from api.schema import tables
from benchmarks.scenarios import free_port
from tests.api.databases import both_databases, tell


@both_databases
def test_the_migrations_make_the_tables_that_the_store_uses(database: str) -> None:
    connect(database).dispose()
    connect(database).dispose()  # what is there already is left as it is
    engine = sa.create_engine(database)
    assert recordings_table.metadata is tables, "the index has its tables among them"
    assert deliveries_table.metadata is tables, "and the outbox"
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables) == []
    engine.dispose()


def test_the_database_is_in_wal_mode_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "ngatu.db"
    connect(f"sqlite:///{path}").dispose()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ngatu.db"
    path.write_text("holiday pictures " * 100)
    with pytest.raises(StoreError, match=r"ngatu\.db can't be opened: file is not a database"):
        connect(f"sqlite:///{path}")


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="folder can't be made"):
        connect(f"sqlite:///{tmp_path}/file/ngatu.db")


@both_databases
def test_a_database_of_a_newer_version_is_left_alone(database: str) -> None:
    connect(database).dispose()
    tell(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version"):
        connect(database)


@pytest.mark.skipif(find_spec("psycopg") is None, reason="the extra `postgresql` is not installed")
def test_a_server_that_does_not_answer_is_told_in_one_line_without_the_password() -> None:
    with pytest.raises(StoreError, match="can't be opened: connection failed") as caught:
        connect(f"postgresql+psycopg://ngatu:geheim@127.0.0.1:{free_port()}/ngatu")
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense://user:geheim@host/db",
        "mysql://user:geheim@host/db",
        "postgresql://user:geheim@host:geheim/db",
        "postgresql://geheim:ge/heim",
        "://geheim",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_names_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="NGATU_DATABASE") as caught:
        connect(url)
    assert "geheim" not in str(caught.value)


@pytest.mark.skipif(find_spec("asyncpg") is not None, reason="the driver asyncpg is installed")
def test_a_driver_that_is_not_installed_is_named_with_what_to_install() -> None:
    with pytest.raises(StoreError, match=r"needs the driver asyncpg.*pip install -e '\.\[postgresql\]'") as caught:
        connect("postgresql+asyncpg://ngatu:geheim@host/db")
    assert "geheim" not in str(caught.value)
