"""One module a benchmark: TITLE, GOALS and `run(scale) -> figures`. A new one is a file here and a line in ALL."""

ALL = ("start", "api", "mqtt", "rule_dynamodb", "rule_lambda", "sql", "timestream", "crowd", "check_time", "grading")
