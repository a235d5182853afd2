"""Databases for tests: a SQLite file, or one of a real PostgreSQL server that the tests start for themselves."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
"""Runs a test on SQLite and on PostgreSQL; all it needs is a fixture that stands on `database`."""
START_S = 60


class PostgreSQL:
    """A cluster in a folder of its own, which is reached by a Unix socket and by nobody else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        # PostgreSQL refuses to run as root.
        user = _unprivileged()
        self._as: dict[str, Any] = (
            {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        )
        if user:
            shutil.chown(folder, user)
        self._run("initdb", "--auth=trust", "--username=ngatu", "--encoding=UTF8", "--no-locale", "--no-sync")
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c max_connections=200 -c fsync=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "--wait", f"--timeout={START_S}", "--silent", "--log", log, "--options", options)

    def stop(self) -> None:
        """Stops the server at once, as if it had lost its power."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")

    @contextmanager
    def database(self) -> Iterator[str]:
        """URL of an empty database, which is gone afterwards."""
        name = f"test_{next(self._numbers)}"
        self._tell(f"CREATE DATABASE {name}")
        try:
            yield self._url(name)
        finally:
            self._tell(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://ngatu@/{name}?host={self._folder}"

    def _tell(self, sql: str) -> None:
        engine = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(sql)

    def _run(self, program: str, *words: str) -> None:
        command = [str(_programs() / program), *words, "--pgdata", str(self._folder / "cluster")]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, **self._as)


def postgresql_missing() -> str:
    """Why there can be no PostgreSQL on this machine; empty where there can."""
    if not _programs().is_dir():
        return "PostgreSQL is not installed (on Debian: apt install postgresql)"
    if find_spec("psycopg") is None:
        return "the extra `postgresql` is not installed"
    return ""


@contextmanager
def cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL server that runs."""
    # Not below pytest's own folder: nobody but its owner may look into that, and names of sockets must be short.
    with tempfile.TemporaryDirectory(prefix="ngatu-pg-") as folder:
        server = PostgreSQL(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def writing_elsewhere(url: str) -> Iterator[None]:
    """Somebody else writes to the database and does not come to an end."""
    engine = sa.create_engine(url)
    with engine.connect() as other:
        other.execute(sa.text("UPDATE changes SET last = last"))
        yield
    engine.dispose()


def tell(url: str, *statements: str) -> None:
    """Has a database carry out some SQL."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def _programs() -> Path:
    """Folder of the server's programs; Debian keeps them out of the way, by version."""
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return Path(found or (versions[-1] if versions else "/none/initdb")).parent


def _unprivileged() -> str | None:
    """Whom the server runs as; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
