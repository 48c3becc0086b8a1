# AWS IoT Core: the identity of the house, and the rules that sort its readings.

# TODO 1.2: the host that devices connect to, of endpoint type "iot:Data-ATS"
# (data source: aws_iot_endpoint).

# TODO 1.1: an active certificate (resource: aws_iot_certificate), the policy
# that stands in files/iot_policy.json (resource: aws_iot_policy, function:
# file) and what attaches this policy to the certificate
# (resource: aws_iot_policy_attachment).

# TODO 1.5: the thing that stands for the house (resource: aws_iot_thing), and
# what attaches the certificate to it
# (resource: aws_iot_thing_principal_attachment).

# TODO 2.2: the rule for invalid readings (resource: aws_iot_topic_rule). It
# selects everything and hands it to a dynamodbv2 action, which writes into
# your table with the role iot_role.
# TODO 2.3: its WHERE keeps a reading of exactly 40 °C …
# TODO 2.4: … and leaves one of 39.9 °C.
# TODO 2.5: its FROM matches sensor/temperature/<any sensor> and no other topic.

# TODO 3.2: the rule for valid readings (resource: aws_iot_topic_rule). It
# selects everything and hands it to a timestream action with the dimensions
# sensor_id, temperature and zone_id. A value is taken from the message with a
# substitution template; Terraform wants its dollar doubled: "$${zone_id}".
# TODO 3.3: artefacts stay out.
# TODO 3.4: the timestamp of a row is the template timestamp(), in milliseconds.
