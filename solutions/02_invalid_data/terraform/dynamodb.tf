# Amazon DynamoDB: the readings that cannot be true.

resource "aws_dynamodb_table" "invalid_readings" {
  name         = "${var.prefix}Temperature"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}
