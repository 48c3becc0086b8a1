# Amazon DynamoDB: the readings that cannot be true.

# TODO 2.1: a table called Temperature whose hash key is id, a string
# (resource: aws_dynamodb_table). The prefix goes before its name:
# "${var.prefix}Temperature".
