from pathlib import Path

import pytest

from api.errors import ApiError
from api.settings import Settings, read_settings

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


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "abc", "input should be a valid integer, unable to parse string as an integer, not 'abc'"),
        ("PORT", "99999", "input should be less than or equal to 65535, not '99999'"),
        ("HOST", "", "string should have at least 1 character, not ''"),
        ("JPEG_QUALITY", "0", "input should be greater than or equal to 10, not '0'"),
        ("SEND_TIMEOUT_S", "0", "input should be greater than 0, not '0'"),
        ("DATABASE", "", "string should have at least 1 character"),
    ],
)
def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(f"NGATU_{name}", value)
    with pytest.raises(ApiError) as caught:
        read_settings()
    assert str(caught.value) == f"NGATU_{name}: {said}"


def test_each_fault_has_its_line_and_what_was_typed_is_named_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGATU_HEARTBEAT_S", "often")
    with pytest.raises(ApiError) as caught:
        read_settings(port=70000)
    first, second = str(caught.value).splitlines()
    assert first.startswith("--port: input should be less than")
    assert second.startswith("NGATU_HEARTBEAT_S: input should be a valid number")


def test_what_may_be_a_secret_is_not_repeated() -> None:
    with pytest.raises(ApiError, match=r"^--database: ") as caught:
        read_settings(database=b"postgresql://ngatu:geheim@db\xff")
    assert "geheim" not in str(caught.value)


def test_every_setting_is_described_here_and_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`NGATU_{name.upper()}`" in guide, name
