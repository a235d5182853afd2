from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Settings

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGATU_PORT", "9000")
    monkeypatch.setenv("NGATU_DATABASE", "/srv/events.db")
    monkeypatch.setenv("NGATU_ALLOWED_HOSTS", "ioc.example, localhost")
    settings = Settings()
    assert settings.port == 9000
    assert settings.database_url == "sqlite:////srv/events.db"
    assert settings.allowed_hosts == ("ioc.example", "localhost")


def test_without_an_environment_everything_stays_on_this_machine() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8200)
    assert settings.database_url == "sqlite:///var/ngatu.db"


def test_a_url_is_taken_as_it_is_and_not_shown() -> None:
    settings = Settings(database="postgresql://ngatu:geheim@db/ngatu")
    assert settings.database_url == "postgresql://ngatu:geheim@db/ngatu"
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(("name", "value"), [("port", "99999"), ("jpeg_quality", "0"), ("send_timeout_s", "0")])
def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"NGATU_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_every_setting_is_described_here_and_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`NGATU_{name.upper()}`" in guide, name
