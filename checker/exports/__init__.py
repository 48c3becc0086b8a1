"""Grades for people and for other programs: pages, tables for learning platforms, bundles. Reads GRADES, never grades."""
