"""Grades a class: submissions of strangers, each judged at a desk of its own, results that are never overwritten.

The way of a submission: intake.py finds it, unpack.py makes it safe, judge.py checks it, store.py keeps the result,
course.py and final.py make the grade. doc/grading.md explains, result.schema.json describes a result file.
"""
