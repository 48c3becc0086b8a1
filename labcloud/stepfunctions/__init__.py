"""Step Functions: state machines that are executed.

Served: standard and express state machines in JSONPath with every state type, Retry and Catch, intrinsic functions,
the context object; tasks that call Lambda, DynamoDB, SNS, SQS, EventBridge, Step Functions, and through `aws-sdk` any
API operation of this cloud, in the name of the state machine's role. Time is the lab clock's. A running execution
goes on after the end of the process; a task that was under way is begun again.

Refused by name when the state machine is made: JSONata, variables, task tokens, `.sync`, activities, the distributed
Map, heartbeats, tracing, own keys. Not moto's interpreter (moto/stepfunctions/parser 5.2): it sleeps in real
time, keeps an execution in threads that no state file can hold, and calls boto3 past the role's permissions.

    language/  paths, payload templates, intrinsic functions, choices, errors      checks/  faults of a definition
    engine/    what happened → next step or effects as data                        runner, tasks: carry effects out
"""
