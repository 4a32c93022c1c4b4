"""What the lab says when it cannot be had."""


class LabError(Exception):
    """The lab cannot be had; the message says what is missing and the way out."""
