"""An nbgrader course of the parts' notebooks. Notebooks run in a box; scores come from `lab grade`, never from a kernel.

course.py, notebooks.py, results.py and box.py need no nbgrader; hooks.py and scores.py do (the extra `nbgrader`).
"""
