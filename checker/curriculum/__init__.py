"""The course as data: parts, steps, hints, overlays, and a learner's workspace."""
