# Amazon QuickSight: what the house did, as pictures. The data source is made by
# bin/create_quicksight_source.py, because the provider has no block for Timestream.

# TODO 6.2: a data set on that source (resource: aws_quicksight_data_set) with
# the columns time, zone_id, sensor_id and temperature of the valid readings.
# The source's ARN is arn:aws:quicksight:<region>:<account>:datasource/<its id>.

# TODO 6.3: a dashboard (resource: aws_quicksight_dashboard) with two line
# charts of the mean temperature over time, one coloured by zone_id and one by
# sensor_id.
