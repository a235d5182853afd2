import pytest

from api.cursor import decode_cursor, encode_cursor


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!!", "MTIz", "ÿ", "YSBi", "MSBhIGI", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5IGE", "MSAA"]
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor of ours"):
        decode_cursor(cursor)


def test_a_cursor_leads_back_to_its_event() -> None:
    assert decode_cursor(encode_cursor(-5, "0" * 32)) == (-5, "0" * 32)
