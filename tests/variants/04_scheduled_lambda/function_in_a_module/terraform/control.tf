module "control" {
  for_each = toset(["ac_control_lambda"])
  source   = "./modules/scheduled_function"
  name     = "${var.prefix}${each.key}"
  role_arn = aws_iam_role.lambda_role.arn

  environment = {
    DATABASE_NAME = aws_timestreamwrite_database.iot.database_name
    TABLE_NAME    = aws_timestreamwrite_table.valid_readings.table_name
  }
}

resource "aws_sns_topic" "spare" {
  name = "${var.prefix}spare"
}
