# Amazon QuickSight: what the house did, as pictures. The data source is made by
# bin/create_quicksight_source.py, because the provider has no block for Timestream.

resource "aws_quicksight_data_set" "valid_readings" {
  data_set_id = "${var.prefix}valid-readings"
  name        = "${var.prefix}valid readings"
  import_mode = "DIRECT_QUERY"

  physical_table_map {
    physical_table_map_id = "readings"

    custom_sql {
      name            = "readings"
      data_source_arn = "arn:${data.aws_partition.current.partition}:quicksight:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:datasource/${var.prefix}iot-timestream"

      sql_query = <<-SQL
        SELECT time, zone_id, sensor_id, CAST(temperature AS double) AS temperature
        FROM "${aws_timestreamwrite_database.iot.database_name}"."${aws_timestreamwrite_table.valid_readings.table_name}"
        WHERE measure_name = 'id'
      SQL

      columns {
        name = "time"
        type = "DATETIME"
      }

      columns {
        name = "zone_id"
        type = "STRING"
      }

      columns {
        name = "sensor_id"
        type = "STRING"
      }

      columns {
        name = "temperature"
        type = "DECIMAL"
      }
    }
  }
}

resource "aws_quicksight_dashboard" "smart_house" {
  dashboard_id        = "${var.prefix}smart-house"
  name                = "${var.prefix}smart house"
  version_description = "Temperature by zone and by room"

  definition {
    data_set_identifiers_declarations {
      identifier   = "readings"
      data_set_arn = aws_quicksight_data_set.valid_readings.arn
    }

    sheets {
      sheet_id = "temperature"
      name     = "Temperature"

      visuals {
        line_chart_visual {
          visual_id = "by-zone"

          title {
            format_text {
              plain_text = "Temperature by zone"
            }
          }

          chart_configuration {
            type = "LINE"

            field_wells {
              line_chart_aggregated_field_wells {
                category {
                  date_dimension_field {
                    field_id         = "by-zone-time"
                    date_granularity = "MINUTE"

                    column {
                      data_set_identifier = "readings"
                      column_name         = "time"
                    }
                  }
                }

                values {
                  numerical_measure_field {
                    field_id = "by-zone-temperature"

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
                    field_id = "by-zone-zone"

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

      visuals {
        line_chart_visual {
          visual_id = "by-room"

          title {
            format_text {
              plain_text = "Temperature by room"
            }
          }

          chart_configuration {
            type = "LINE"

            field_wells {
              line_chart_aggregated_field_wells {
                category {
                  date_dimension_field {
                    field_id         = "by-room-time"
                    date_granularity = "MINUTE"

                    column {
                      data_set_identifier = "readings"
                      column_name         = "time"
                    }
                  }
                }

                values {
                  numerical_measure_field {
                    field_id = "by-room-temperature"

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
                    field_id = "by-room-room"

                    column {
                      data_set_identifier = "readings"
                      column_name         = "sensor_id"
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
}
