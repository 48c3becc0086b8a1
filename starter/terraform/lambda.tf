# AWS Lambda and Amazon EventBridge: every minute a function looks at the house.

# TODO 4.2: the function ac_control_lambda (resource: aws_lambda_function) with
# the role lambda_role, the handler ac_control_lambda.lambda_handler, a current
# Python runtime and 30 seconds of time. Create it from the placeholder
# files/empty_package.zip; bin/deploy_lambda.sh brings the real code later.
# With a prefix, tell the code its names in the environment variables
# DATABASE_NAME and TABLE_NAME.

# TODO 4.8: a rule with the schedule rate(1 minute)
# (resource: aws_cloudwatch_event_rule), the function as its target
# (resource: aws_cloudwatch_event_target) and the permission for
# events.amazonaws.com to invoke the function on behalf of this rule
# (resource: aws_lambda_permission).
