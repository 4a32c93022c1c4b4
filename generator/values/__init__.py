"""The types of settings' values: text that a person wrote to a typed value, or Invalid.

Annotations and global options share them. Knows nginx's limits for values; knows no
setting, no object and no I/O.
"""
