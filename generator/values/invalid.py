"""What a parser says of text that is not what it takes."""


class Invalid(ValueError):
    """A value is not what its setting takes.

    `expected` ends the sentence "VALUE is not …"; `hint` is the way out, a sentence. `kept` is
    what of it can be taken, for settings that never allow more than was asked for.
    """

    def __init__(self, expected: str, hint: str, kept: object = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint
        self.kept = kept


def check_length(text: str, longest: int) -> None:
    """Raise Invalid where a text has more characters than that."""
    if len(text) > longest:
        raise Invalid(f"at most {longest} characters long", f"Shorten it; it has {len(text)}.")
