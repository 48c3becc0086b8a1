"""labcloud: AWS for IoT on this machine, without Docker and without an account.

It answers real Terraform, boto3 and MQTT clients as AWS does, and refuses loudly what it does not serve.
It knows nothing of parts, points or learners.
"""
