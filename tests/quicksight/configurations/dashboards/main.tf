# Data sources, data sets, an analysis and a dashboard; var.edition 2 changes whatever can change in place.

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

data "aws_caller_identity" "me" {}

data "aws_quicksight_user" "author" {
  user_name      = "author"
  aws_account_id = data.aws_caller_identity.me.account_id
}

locals {
  tags   = { edition = tostring(var.edition) }
  source = "arn:aws:quicksight:eu-central-1:${data.aws_caller_identity.me.account_id}:datasource/iot-timestream"
}

resource "aws_quicksight_data_source" "lake" {
  data_source_id = "lake"
  name           = "lake ${var.edition}"
  type           = "ATHENA"
  parameters {
    athena {
      work_group = "primary"
    }
  }
  tags = local.tags
}

resource "aws_quicksight_data_source" "files" {
  data_source_id = "files"
  name           = "files"
  type           = "S3"
  parameters {
    s3 {
      manifest_file_location {
        bucket = "lake"
        key    = "manifest.json"
      }
    }
  }
}

resource "aws_quicksight_data_set" "readings" {
  data_set_id = "readings"
  name        = "readings ${var.edition}"
  import_mode = "DIRECT_QUERY"

  physical_table_map {
    physical_table_map_id = "readings"
    custom_sql {
      name            = "readings"
      data_source_arn = local.source
      sql_query       = "SELECT time, zone_id, CAST(temperature AS double) AS temperature FROM iot.temperaturesensor"
      columns {
        name = "time"
        type = "DATETIME"
      }
      columns {
        name = "zone_id"
        type = "STRING"
      }
      columns {
        name = "temperature"
        type = "DECIMAL"
      }
    }
  }

  permissions {
    actions   = ["quicksight:DescribeDataSet", "quicksight:DescribeDataSetPermissions", "quicksight:PassDataSet", "quicksight:DescribeIngestion", "quicksight:ListIngestions"]
    principal = data.aws_quicksight_user.author.arn
  }
  tags = local.tags
}

resource "aws_quicksight_data_set" "lake" {
  data_set_id = "lake"
  name        = "lake"
  import_mode = "SPICE"

  physical_table_map {
    physical_table_map_id = "alerts"
    relational_table {
      data_source_arn = aws_quicksight_data_source.lake.arn
      catalog         = "AwsDataCatalog"
      schema          = "lake"
      name            = "alerts"
      input_columns {
        name = "at"
        type = "STRING"
      }
      input_columns {
        name = "level"
        type = "INTEGER"
      }
    }
  }

  logical_table_map {
    logical_table_map_id = "alerts"
    alias                = "alerts"
    source {
      physical_table_id = "alerts"
    }
    data_transforms {
      rename_column_operation {
        column_name     = "level"
        new_column_name = "severity"
      }
    }
    data_transforms {
      cast_column_type_operation {
        column_name     = "at"
        new_column_type = "DATETIME"
        format          = "yyyy-MM-dd"
      }
    }
  }
}

resource "aws_quicksight_analysis" "house" {
  analysis_id             = "house"
  name                    = "house ${var.edition}"
  recovery_window_in_days = 0

  definition {
    data_set_identifiers_declarations {
      identifier   = "readings"
      data_set_arn = aws_quicksight_data_set.readings.arn
    }
    calculated_fields {
      data_set_identifier = "readings"
      name                = "kelvin"
      expression          = "{temperature} + 273.15"
    }
    sheets {
      sheet_id = "one"
      name     = "Sheet ${var.edition}"
      visuals {
        bar_chart_visual {
          visual_id = "kelvin"
          chart_configuration {
            field_wells {
              bar_chart_aggregated_field_wells {
                category {
                  categorical_dimension_field {
                    field_id = "zone"
                    column {
                      data_set_identifier = "readings"
                      column_name         = "zone_id"
                    }
                  }
                }
                values {
                  numerical_measure_field {
                    field_id = "kelvin"
                    aggregation_function {
                      simple_numerical_aggregation = "MAX"
                    }
                    column {
                      data_set_identifier = "readings"
                      column_name         = "kelvin"
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  tags = local.tags
}

resource "aws_quicksight_dashboard" "house" {
  dashboard_id        = "house"
  name                = "house ${var.edition}"
  version_description = "edition ${var.edition}"

  permissions {
    actions   = ["quicksight:DescribeDashboard", "quicksight:ListDashboardVersions", "quicksight:QueryDashboard"]
    principal = data.aws_quicksight_user.author.arn
  }

  definition {
    data_set_identifiers_declarations {
      identifier   = "readings"
      data_set_arn = aws_quicksight_data_set.readings.arn
    }
    sheets {
      sheet_id = "temperature"
      name     = "Temperature"
      visuals {
        line_chart_visual {
          visual_id = "by-zone"
          title {
            format_text {
              plain_text = "Temperature by zone, edition ${var.edition}"
            }
          }
          chart_configuration {
            type = "LINE"
            field_wells {
              line_chart_aggregated_field_wells {
                category {
                  date_dimension_field {
                    field_id         = "time"
                    date_granularity = "MINUTE"
                    column {
                      data_set_identifier = "readings"
                      column_name         = "time"
                    }
                  }
                }
                values {
                  numerical_measure_field {
                    field_id = "temperature"
                    aggregation_function {
                      simple_numerical_aggregation = "AVERAGE"
                    }
                    column {
                      data_set_identifier = "readings"
                      column_name         = "temperature"
                    }
                  }
                }
                colors {
                  categorical_dimension_field {
                    field_id = "zone"
                    column {
                      data_set_identifier = "readings"
                      column_name         = "zone_id"
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  tags = local.tags
}
