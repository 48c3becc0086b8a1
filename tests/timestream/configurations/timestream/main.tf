terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
}

variable "edition" {
  description = "1 when created, 2 for the update in place."
  type        = number
  default     = 1
}

resource "aws_timestreamwrite_database" "house" {
  database_name = "house"
  tags          = { edition = tostring(var.edition) }
}

resource "aws_timestreamwrite_table" "readings" {
  database_name = aws_timestreamwrite_database.house.database_name
  table_name    = "readings"

  retention_properties {
    memory_store_retention_period_in_hours  = 24
    magnetic_store_retention_period_in_days = var.edition == 1 ? 7 : 9
  }
}

resource "aws_timestreamwrite_table" "keyed" {
  database_name = aws_timestreamwrite_database.house.database_name
  table_name    = "keyed"
  tags          = { edition = tostring(var.edition) }

  magnetic_store_write_properties {
    enable_magnetic_store_writes = true

    magnetic_store_rejected_data_location {
      s3_configuration {
        bucket_name       = "rejected"
        object_key_prefix = "late/"
        encryption_option = "SSE_S3"
      }
    }
  }

  schema {
    composite_partition_key {
      type                  = "DIMENSION"
      name                  = "sensor"
      enforcement_in_record = "REQUIRED"
    }
  }
}

resource "aws_timestreamwrite_table" "plain" {
  database_name = aws_timestreamwrite_database.house.database_name
  table_name    = "plain"
}

data "aws_timestreamwrite_table" "readings" {
  database_name = aws_timestreamwrite_database.house.database_name
  name          = aws_timestreamwrite_table.readings.table_name
}
