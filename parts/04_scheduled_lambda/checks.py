"""Part 4: every minute a function looks at the house and commands the air conditioners."""

from checker.checks import as_json, check, expect

ON, OFF = as_json({"state": {"enabled": True}}), as_json({"state": {"enabled": False}})


@check("4.1", points=4, reads_files_only=True)
def decision_passes_its_unit_tests(lab):
    """The decision passes its unit tests."""
    tests = lab.run_unit_tests()
    expect(
        tests.all_passed,
        expected="all unit tests of ac_control_lambda/tests pass",
        got=tests.summary,
        because="above 35 °C: on; below 20 °C: off; on a threshold and in between: leave it",
        fix=tests.place_to_fix,
    )


@check("4.2", points=3)
def function_is_configured_and_runs_the_code(lab):
    """The function ac_control_lambda is configured and runs the workspace's code."""
    function = lab.awslambda.configuration()
    wanted = ("ac_control_lambda.lambda_handler", 30)
    expect(
        function and (function.handler, function.timeout_s) == wanted and function.runtime.startswith("python3."),
        expected=f"function {lab.awslambda.name}, handler {wanted[0]}, a python3 runtime, time-out {wanted[1]} s",
        got=lab.awslambda.describe,
        because="Lambda looks for the handler's module at the root of the package; its default time-out is 3 s",
        fix="aws_lambda_function in terraform/lambda.tf",
    )
    lab.expect_deployed_code()


@check("4.3", points=4)
def warm_zone_is_switched_on(lab):
    """A warm zone gets its air conditioner switched on, and only this zone."""
    minute = lab.live_a_minute({1: [36.5, 37.25, 35.75], 2: [27.5, 28.25]})
    expect(
        minute.of(1) and set(map(as_json, minute.of(1))) == {ON} and not minute.of(2) and not minute.error,
        expected=f"{ON} on AC/AC-1 and nothing on AC/AC-2",
        got=minute.seen,
        because=minute.story,
        fix=minute.place_to_fix("decide in ac_control_lambda/decision.py; command in ac_control_lambda.py beside it"),
    )


@check("4.4", points=3)
def cold_zone_is_switched_off(lab):
    """A cold zone gets its air conditioner switched off."""
    minute = lab.live_a_minute({1: [27.5, 26.75], 2: [18.5, 19.25, 17.75]})
    expect(
        minute.of(2) and set(map(as_json, minute.of(2))) == {OFF} and not minute.of(1) and not minute.error,
        expected=f"{OFF} on AC/AC-2 and nothing on AC/AC-1",
        got=minute.seen,
        because=minute.story,
        fix=minute.place_to_fix("decide in ac_control_lambda/decision.py; command in ac_control_lambda.py beside it"),
    )


@check("4.5", points=2, needs=warm_zone_is_switched_on)
def in_between_nothing_is_sent(lab):
    """In between the air conditioner is left as it is."""
    minute = lab.live_a_minute({1: [34.5, 33.75], 2: [20.5, 21.25]})
    expect(
        minute.seen == "no command" and not minute.error and not minute.missing,
        expected="no command: the zones' means are 34.1 and 20.9",
        got=minute.error or minute.seen,
        because=minute.story,
        fix=minute.place_to_fix("decide in ac_control_lambda/decision.py: None leaves the air conditioner as it is"),
    )


@check("4.6", points=2, needs=warm_zone_is_switched_on)
def without_readings_nothing_breaks(lab):
    """Without readings nothing is sent and nothing breaks."""
    minute = lab.live_a_minute({})
    expect(
        minute.seen == "no command" and not minute.error,
        expected="no command and no error",
        got=minute.error or minute.seen,
        because=minute.story,
        fix=minute.place_to_fix("ac_control_lambda/readings.py: a zone without valid readings has no mean"),
    )


@check("4.7", points=3, needs=warm_zone_is_switched_on)
def every_page_of_the_answer_counts(lab):
    """Readings on every page of Timestream's answer count."""
    minute = lab.live_a_minute(
        {1: [30.0 + n / 100 for n in range(12)] + [39.0 + n / 100 for n in range(60)]}, page_rows=10
    )
    expect(
        minute.of(1) and set(map(as_json, minute.of(1))) == {ON} and not minute.error,
        expected=f"{ON} on AC/AC-1: the mean of all {len(minute.readings)} readings is 37.7",
        got=minute.error or minute.seen,
        because=minute.story,
        fix=minute.place_to_fix("ac_control_lambda/readings.py: ask again with NextToken until there is none"),
    )


@check("4.8", points=3, needs=warm_zone_is_switched_on)
def schedule_fires_the_function(lab):
    """The schedule invokes the function every minute."""
    minute = lab.live_a_minute({1: [36.5, 37.25], 2: [27.5]}, by_schedule=True)
    schedules = [str(schedule) for schedule in lab.awslambda.schedules()]
    expect(
        ON in map(as_json, minute.of(1)),
        expected=f"{ON} on AC/AC-1 within a minute, without anybody calling the function",
        got=minute.seen,
        because="\n".join(schedules) or "no EventBridge rule has the function as its target",
        fix="aws_cloudwatch_event_rule, aws_cloudwatch_event_target and aws_lambda_permission in terraform/lambda.tf",
    )


@check("4.9", points=1, needs=warm_zone_is_switched_on)
def function_writes_its_log(lab):
    """The function writes its log."""
    lines = lab.awslambda.wait_for_log_lines()
    expect(
        lines,
        expected=f"lines in the log group {lab.awslambda.log_group}",
        got="no such log group" if lines is None else "an empty log group",
        because=lambda: f"a function writes its log with its own role: {lab.permissions_of_function('logs')}",
        fix="logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents for lambda_role in terraform/iam.tf",
    )
