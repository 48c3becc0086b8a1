# A schedule in its group, and a rule of an own bus with a transformed input.

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
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "schedules" {
  name               = "schedules"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "send" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [var.queue_arn]
  }
}

resource "aws_iam_role_policy" "send" {
  name   = "send"
  role   = aws_iam_role.schedules.id
  policy = data.aws_iam_policy_document.send.json
}

resource "aws_scheduler_schedule_group" "house" {
  name = "house"
  tags = { edition = tostring(var.edition) }
}

resource "aws_scheduler_schedule" "poll" {
  name                         = "poll"
  group_name                   = aws_scheduler_schedule_group.house.name
  description                  = "edition ${var.edition}"
  schedule_expression          = "rate(${var.edition + 4} minutes)"
  schedule_expression_timezone = "Europe/Berlin"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.queue_arn
    role_arn = aws_iam_role.schedules.arn
    input    = jsonencode({ edition = var.edition })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = var.edition
    }

    dead_letter_config {
      arn = var.queue_arn
    }
  }
}

resource "aws_cloudwatch_event_bus" "house" {
  name = "house"
}

resource "aws_cloudwatch_event_rule" "hot" {
  name           = "hot"
  event_bus_name = aws_cloudwatch_event_bus.house.name
  description    = "edition ${var.edition}"
  event_pattern  = jsonencode({ detail = { temperature = [{ numeric = [">", 30 + var.edition] }] } })
}

resource "aws_cloudwatch_event_target" "readings" {
  rule           = aws_cloudwatch_event_rule.hot.name
  event_bus_name = aws_cloudwatch_event_bus.house.name
  arn            = var.queue_arn

  input_transformer {
    input_paths    = { temperature = "$.detail.temperature" }
    input_template = "{\"edition\": ${var.edition}, \"temperature\": <temperature>}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = var.edition
  }

  dead_letter_config {
    arn = var.queue_arn
  }
}
