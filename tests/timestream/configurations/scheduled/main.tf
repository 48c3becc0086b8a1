terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  s3_use_path_style           = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

resource "aws_timestreamwrite_database" "house" {
  database_name = "scheduled"
}

resource "aws_timestreamwrite_table" "readings" {
  database_name = aws_timestreamwrite_database.house.database_name
  table_name    = "readings"
}

resource "aws_timestreamwrite_table" "derived" {
  database_name = aws_timestreamwrite_database.house.database_name
  table_name    = "derived"
  tags          = { edition = tostring(var.edition) }
}

resource "aws_s3_bucket" "errors" {
  bucket        = "query-errors"
  force_destroy = true
}

resource "aws_sns_topic" "told" {
  name = "told-of-queries"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["timestream.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "may" {
  statement {
    actions   = ["timestream:Select"]
    resources = [aws_timestreamwrite_table.readings.arn]
  }

  statement {
    actions   = ["timestream:WriteRecords"]
    resources = [aws_timestreamwrite_table.derived.arn]
  }

  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.told.arn]
  }

  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.errors.arn}/*"]
  }
}

resource "aws_iam_role" "queries" {
  name               = "scheduled-queries"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "queries" {
  role   = aws_iam_role.queries.name
  policy = data.aws_iam_policy_document.may.json
}

resource "aws_timestreamquery_scheduled_query" "hourly" {
  name               = "hourly"
  execution_role_arn = aws_iam_role.queries.arn
  tags               = { part = "4" }

  query_string = <<-SQL
    SELECT measure_name AS measure, bin(time, 1h) AS hour, COUNT(*) AS number
    FROM scheduled.readings WHERE time BETWEEN @scheduled_runtime - 2h AND @scheduled_runtime
    GROUP BY measure_name, bin(time, 1h)
  SQL

  schedule_configuration {
    schedule_expression = "rate(1 day)"
  }

  notification_configuration {
    sns_configuration {
      topic_arn = aws_sns_topic.told.arn
    }
  }

  error_report_configuration {
    s3_configuration {
      bucket_name = aws_s3_bucket.errors.bucket
    }
  }

  target_configuration {
    timestream_configuration {
      database_name = aws_timestreamwrite_database.house.database_name
      table_name    = aws_timestreamwrite_table.derived.table_name
      time_column   = "hour"

      dimension_mapping {
        name                 = "measure"
        dimension_value_type = "VARCHAR"
      }

      multi_measure_mappings {
        target_multi_measure_name = "hourly"

        multi_measure_attribute_mapping {
          source_column      = "number"
          measure_value_type = "BIGINT"
        }
      }
    }
  }

  depends_on = [aws_iam_role_policy.queries]
}
