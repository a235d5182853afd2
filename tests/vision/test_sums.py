from vision.measuring.sums import Sums


def test_sums_of_two_intervals_are_those_of_both() -> None:
    first, second = Sums(), Sums()
    first.add("volume", 2, "truck")
    first.add("headway", 1.5)
    first.reach("people", 3)
    second.add("volume", 1, "truck")
    second.add("volume", 4, "person")
    second.reach("people", 2)
    first.merge(second)
    assert first.of("volume", "truck") == 3
    assert first.total(["volume"], ["truck", "person", "car"]) == 7
    assert first.labels() == ["person", "truck"], "in our order"
    assert first.items() == [("headway", 1.5)]
    assert first.greatest("people") == 3


def test_what_was_never_summed_up_is_nothing() -> None:
    empty = Sums()
    assert (empty.of("volume", "car"), empty.greatest("people"), empty.labels(), empty.items()) == (0, 0, [], [])
