# A stack of CloudFormation, and a lake for Athena: database, table, work group.

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

resource "aws_cloudformation_stack" "pipe" {
  name       = "pipe"
  parameters = { Edition = tostring(var.edition) }
  template_body = jsonencode({
    Parameters = { Edition = { Type = "String" } }
    Resources = {
      Group = {
        Type       = "AWS::Logs::LogGroup"
        Properties = { LogGroupName = "/pipe", RetentionInDays = var.edition == 1 ? 7 : 14 }
      }
    }
    Outputs = { Edition = { Value = { Ref = "Edition" } } }
  })
}

resource "aws_glue_catalog_database" "house" {
  name = "house"
}

resource "aws_glue_catalog_table" "readings" {
  name          = "readings"
  database_name = aws_glue_catalog_database.house.name
  description   = "edition ${var.edition}"
  table_type    = "EXTERNAL_TABLE"

  storage_descriptor {
    location = "s3://lake/readings/"

    columns {
      name = "temperature"
      type = "double"
    }

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    }
  }
}

resource "aws_athena_workgroup" "lab" {
  name          = "lab"
  description   = "edition ${var.edition}"
  force_destroy = true

  configuration {
    result_configuration {
      output_location = "s3://lake/results/"
    }
  }
}
