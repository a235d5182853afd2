from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def fixture_own_models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models of the test's own: what was added or tuned in this checkout must not be seen."""
    folder = tmp_path_factory.mktemp("models")
    monkeypatch.setenv("NGATU_MODELS", str(folder))
    return folder
