"""CloudFormation: stacks whose resources are made through the cloud's own API, as the caller or the stack's role may.

Served: the types of `types/`, parameters, conditions, mappings, outputs, exports, the intrinsic functions, change sets,
rollback with events, and of SAM `AWS::Serverless::Function`. A template with anything else is refused as a whole.
"""

from labcloud.stacks.service import CloudFormation

__all__ = ["CloudFormation"]
