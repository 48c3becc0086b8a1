# A function with a version, an alias, limits of its asynchronous invocations, and a queue that invokes it.

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
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

variable "queue_arn" {
  description = "A queue that exists already."
  type        = string
  default     = "arn:aws:sqs:eu-west-1:123456789012:readings"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "reader" {
  name               = "reader"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "queue" {
  statement {
    actions   = ["sqs:*"]
    resources = [var.queue_arn]
  }
}

resource "aws_iam_role_policy" "queue" {
  name   = "queue"
  role   = aws_iam_role.reader.id
  policy = data.aws_iam_policy_document.queue.json
}

resource "aws_lambda_layer_version" "extra" {
  layer_name          = "extra"
  filename            = "function.zip"
  compatible_runtimes = ["python3.12"]
}

resource "aws_lambda_function" "reader" {
  function_name                  = "reader"
  role                           = aws_iam_role.reader.arn
  runtime                        = "python3.12"
  handler                        = "code.handle"
  filename                       = "function.zip"
  source_code_hash               = filebase64sha256("function.zip")
  publish                        = true
  timeout                        = 10 + var.edition
  memory_size                    = 128 * var.edition
  layers                         = [aws_lambda_layer_version.extra.arn]
  reserved_concurrent_executions = var.edition

  environment {
    variables = { EDITION = tostring(var.edition) }
  }

  ephemeral_storage {
    size = 512 * var.edition
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "edition ${var.edition}"
  function_name    = aws_lambda_function.reader.function_name
  function_version = "1"
}

resource "aws_lambda_permission" "rule" {
  statement_id  = "rule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.reader.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "iot.amazonaws.com"
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.reader.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = 60 * var.edition
  maximum_retry_attempts       = var.edition - 1

  destination_config {
    on_failure {
      destination = var.queue_arn
    }
  }

  depends_on = [aws_iam_role_policy.queue]
}

resource "aws_lambda_event_source_mapping" "readings" {
  event_source_arn                   = var.queue_arn
  function_name                      = aws_lambda_alias.live.arn
  batch_size                         = 4 + var.edition
  maximum_batching_window_in_seconds = var.edition
  function_response_types            = ["ReportBatchItemFailures"]

  filter_criteria {
    filter {
      pattern = jsonencode({ body = { temperature = [{ numeric = [">", 30] }] } })
    }
  }

  depends_on = [aws_iam_role_policy.queue]
}
