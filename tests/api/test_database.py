import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from api.database import connect
from api.errors import StoreError
from api.recording_index import recordings_table
from api.store import tables


def test_the_migrations_make_the_tables_that_the_store_uses(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ngatu.db"
    connect(url).dispose()
    engine = sa.create_engine(url)
    assert recordings_table.metadata is tables, "the index has its tables among them"
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


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ngatu.db"
    connect(url).dispose()
    connection = sqlite3.connect(tmp_path / "ngatu.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        connect(url)


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
    with pytest.raises(StoreError, match=r"needs the driver asyncpg.*pip install 'psycopg\[binary\]'") as caught:
        connect("postgresql+asyncpg://ngatu:geheim@host/db")
    assert "geheim" not in str(caught.value)
