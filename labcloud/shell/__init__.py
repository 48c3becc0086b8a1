"""Sockets, processes and files: loops of read, decide, act, without decisions of their own."""
