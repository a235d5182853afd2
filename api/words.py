"""Words: numbers as people say them."""


def counted(number: int, thing: str) -> str:
    """A number of things, such as `1 camera`, `2 cameras`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
