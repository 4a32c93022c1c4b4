"""What the command line and the environment say, as one frozen value.

`settings` holds the value and its defaults, `flags` and `ineffective_flags` declare every
flag, `source` decides where objects come from, `reading` checks all of them together, and
`command_line` turns what click raises into one line. Knows nothing of how any setting is
used.
"""
