"""The settings of the command line and the environment, as one frozen value.

`settings` holds the value and its defaults, `flags` and `ineffective_flags` declare every
flag, `source` decides where objects come from, `reading` checks all of them together, and
`command_line` reports click's errors in one line. Knows nothing of how a setting is used.
"""
