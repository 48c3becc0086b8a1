# Amazon Timestream: the valid readings, by time.

resource "aws_timestreamwrite_database" "iot" {
  database_name = "${var.prefix}iot"
}

resource "aws_timestreamwrite_table" "valid_readings" {
  database_name = aws_timestreamwrite_database.iot.database_name
  table_name    = "${var.prefix}temperaturesensor"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = 7
  }
}
