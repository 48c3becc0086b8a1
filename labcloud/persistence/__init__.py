"""What outlives a cloud's process, in its state folder: all that was acknowledged, at a crash or `kill -9` too.

moto's backends, the cloud's own services and pending rule messages are rows of one SQLite file (statefile.py); rows
are written before the answer is sent (keeper.py). The MQTT broker and Timestream keep journals of their own.
"""
