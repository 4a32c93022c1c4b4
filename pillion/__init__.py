"""The command for people: runs the pair on one machine, renders, lints, explains.

May import the generator and the reloader; neither imports this room.
"""
