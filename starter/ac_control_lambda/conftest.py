"""Lets the tests import the modules of this folder as Lambda does: from the root of the package."""
