"""What a parser says of text that is not what it takes."""


class Invalid(ValueError):
    """A value is not what its setting takes.

    `expected` ends the sentence "VALUE is not …"; `hint` is the way out, a sentence.
    """

    def __init__(self, expected: str, hint: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint
