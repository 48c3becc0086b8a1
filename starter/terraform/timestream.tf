# Amazon Timestream: the valid readings, by time.

# TODO 3.1: a database called iot (resource: aws_timestreamwrite_database) and
# in it a table called temperaturesensor (resource: aws_timestreamwrite_table).
# The prefix goes before both names.
