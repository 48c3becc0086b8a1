# A state machine with its role, started by a topic rule, by an EventBridge rule and by a schedule.

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

data "aws_iam_policy_document" "trust" {
  for_each = toset(["states", "iot", "events", "scheduler"])

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "machine" {
  name               = "machine"
  assume_role_policy = data.aws_iam_policy_document.trust["states"].json
}

data "aws_iam_policy_document" "store" {
  statement {
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.readings.arn]
  }

  statement {
    actions = [
      "logs:CreateLogDelivery",
      "logs:GetLogDelivery",
      "logs:UpdateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:DescribeResourcePolicies",
      "logs:DescribeLogGroups",
    ]
    resources = ["*"]
  }
}

resource "aws_cloudwatch_log_group" "express" {
  name = "/aws/vendedlogs/states/express-of-terraform"
}

resource "aws_iam_role_policy" "store" {
  name   = "store"
  role   = aws_iam_role.machine.id
  policy = data.aws_iam_policy_document.store.json
}

resource "aws_dynamodb_table" "readings" {
  name         = "machine-readings"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_sfn_state_machine" "readings" {
  name     = "readings-of-terraform"
  role_arn = aws_iam_role.machine.arn
  tags     = { edition = tostring(var.edition) }

  definition = jsonencode({
    Comment = "edition ${var.edition}"
    StartAt = "Store"
    States = {
      Store = {
        Type     = "Task"
        Resource = "arn:aws:states:::dynamodb:putItem"
        Parameters = {
          TableName = aws_dynamodb_table.readings.name
          Item = {
            id = { "S.$" = "$$.Execution.Name" }
            t  = { "N.$" = "States.Format('{}', $.t)" }
          }
        }
        End = true
      }
    }
  })
}

resource "aws_sfn_state_machine" "express" {
  name       = "express-of-terraform"
  role_arn   = aws_iam_role.machine.arn
  type       = "EXPRESS"
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.express.arn}:*"
    include_execution_data = true
    level                  = var.edition == 1 ? "ALL" : "ERROR"
  }

  depends_on = [aws_iam_role_policy.store]
}

resource "aws_iam_role" "starter" {
  for_each = toset(["iot", "events", "scheduler"])

  name               = "starter-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

data "aws_iam_policy_document" "start" {
  statement {
    actions   = ["states:StartExecution"]
    resources = [aws_sfn_state_machine.readings.arn]
  }
}

resource "aws_iam_role_policy" "start" {
  for_each = aws_iam_role.starter

  name   = "start"
  role   = each.value.id
  policy = data.aws_iam_policy_document.start.json
}

resource "aws_iot_topic_rule" "start" {
  name        = "start_machine"
  enabled     = true
  sql         = "SELECT * FROM 'machine/+'"
  sql_version = "2016-03-23"

  step_functions {
    state_machine_name    = aws_sfn_state_machine.readings.name
    execution_name_prefix = "edition${var.edition}-"
    role_arn              = aws_iam_role.starter["iot"].arn
  }
}

resource "aws_cloudwatch_event_rule" "hot" {
  name          = "hot-for-the-machine"
  event_pattern = jsonencode({ source = ["house"] })
}

resource "aws_cloudwatch_event_target" "machine" {
  rule       = aws_cloudwatch_event_rule.hot.name
  arn        = aws_sfn_state_machine.readings.arn
  role_arn   = aws_iam_role.starter["events"].arn
  input_path = "$.detail"
}

resource "aws_scheduler_schedule" "daily" {
  name                = "daily-machine"
  schedule_expression = "rate(1 days)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.readings.arn
    role_arn = aws_iam_role.starter["scheduler"].arn
    input    = jsonencode({ t = var.edition })
  }
}
