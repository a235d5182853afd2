"""Database: opens the database that a URL names, brings its tables up to date, and tells why it fails."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from api.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
POSTGRESQL = "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
LOCKED_MS = 2000
"""How long somebody else may keep the database locked before an attempt fails; what waits is tried again."""
TO_POSTGRESQL: Mapping[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # ms; a server that lost its network says nothing, and would be waited for for hours
    "options": f"-c lock_timeout={LOCKED_MS}",
}
"""How it is connected to where the URL does not say otherwise (parameters of libpq)."""


class Kept:
    """What is kept in the database. Made by `open()`; as a context it is closed at the end."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Opens the database and brings its tables up to date.

        Raises:
            StoreError: It can't be opened, or a newer version of the program made it.
        """
        return cls(connect(url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()


def connect(url: str) -> sa.Engine:
    """The database of a URL, ready to be used.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL.

    Raises:
        StoreError: It can't be opened, or a newer version of the program made it. The message never holds the URL
            as it was given: there may be a password in it.
    """
    engine = _engine(url)
    where = engine.url.render_as_string(hide_password=True)
    try:
        _migrate(engine)
    except DBAPIError as error:
        engine.dispose()
        raise StoreError(f"the database {where} can't be opened: {cause_of(error)}") from error
    except CommandError as error:
        engine.dispose()
        raise StoreError(
            f"the database was made by a newer version of Ngã Tư ({error}); update the program, or name "
            "another file in NGATU_DATABASE"
        ) from error
    return engine


@contextmanager
def reading(engine: sa.Engine, what: str = "the database") -> Iterator[sa.Connection]:
    """A connection to read with.

    Args:
        engine: The database.
        what: What is read, for people.

    Raises:
        StoreError: It can't be read.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, NoConnectionError) as error:
        raise StoreError(f"{what} can't be read: {cause_of(error)}") from error


@contextmanager
def writing(engine: sa.Engine, what: str) -> Iterator[sa.Connection]:
    """A transaction. Its first statement should write: SQLite then waits for other writers instead of giving up.

    Args:
        engine: The database.
        what: What is written, for people.

    Raises:
        StoreError: It can't be written; nothing of the transaction was.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (DBAPIError, NoConnectionError) as error:
        raise StoreError(f"{what} can't be written: {cause_of(error)}") from error


def cause_of(error: DBAPIError | NoConnectionError) -> str:
    """What the database itself said, without the SQL and its values."""
    # PostgreSQL goes on with more lines, the SQL among them.
    return str(error.orig).partition("\n")[0] if isinstance(error, DBAPIError) else "too many requests at once"


def _engine(url: str) -> sa.Engine:
    try:
        address = sa.make_url(url)
        if address.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(f"NGATU_DATABASE must be the path of a SQLite file, or {POSTGRESQL}")
        if address.get_backend_name() == "sqlite":
            if not address.database or address.database == ":memory:":
                raise StoreError("NGATU_DATABASE must name a file: what is kept in memory is lost at the end")
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        # Every thread that answers requests may read at once; connections are cheap and kept.
        more: dict[str, Any] = {"max_overflow": 40}
        if address.get_backend_name() == "postgresql":
            chosen = {name: value for name, value in TO_POSTGRESQL.items() if name not in address.query}
            # A server that was restarted must not cost the next viewers an error each.
            more |= {"connect_args": chosen, "pool_pre_ping": True}
        engine = sa.create_engine(address, **more)
    except ImportError as error:
        raise StoreError(
            f"NGATU_DATABASE needs the driver {error.name}, which is not installed; for PostgreSQL: "
            f".venv/bin/python -m pip install -e '.[postgresql]', and write {POSTGRESQL}"
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # ValueError: a port that is no number, perhaps a part of the password; so its words are not repeated.
        raise StoreError(
            f"NGATU_DATABASE is no address of a database; it is the path of a SQLite file, or {POSTGRESQL}; "
            "in a password write / as %2F, @ as %40, : as %3A"
        ) from error
    except OSError as error:
        raise StoreError(f"the database's folder can't be made: {error}") from error
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    return engine


def _set_up_sqlite(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        # sqlite3 would begin transactions by its own rules, and leave DDL outside of them.
        connection.isolation_level = None
        cursor = connection.cursor()
        # First, so that the next line already waits for whoever else opens the file just now.
        cursor.execute(f"PRAGMA busy_timeout = {LOCKED_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # A box at the roadside loses power without warning; batches make the fsync a commit affordable.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def alembic_config(connection: sa.Connection) -> Config:
    """What alembic needs to bring the tables of a database into another state."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _migrate(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
