from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store
from tests.api.stage import Stage, running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/ngatu.db") as store:
        yield store


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with running(tmp_path) as stage:
        yield stage


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage that several tests share, because none of them changes anything."""
    with running(tmp_path_factory.mktemp("idle")) as stage:
        yield stage
