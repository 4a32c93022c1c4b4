"""What the command line and the environment say, as one frozen value.

`flags` declares every flag, `settings` checks them together, `command_line` turns what
click raises into one line. Knows nothing of how any setting is used.
"""
