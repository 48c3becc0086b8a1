"""The checker: checks' API, verbs, targets, reports, grading and the `lab` command.

It speaks AWS (boto3, MQTT, Terraform) and never imports labcloud: see doc/architecture.md.
"""

__version__ = "0.1.0"
