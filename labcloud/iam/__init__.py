"""IAM as pure functions: policies are parsed once, requests decided with a reason, nothing is looked up.

Never: organization policies, cross-account access, access control lists.
"""

from labcloud.iam.decision import Cause, Decision, Missing
from labcloud.iam.device import certificate_context, device_context
from labcloud.iam.documents import UserPolicies
from labcloud.iam.evaluate import AccessRequest, evaluate
from labcloud.iam.function_policy import invoke_allowed
from labcloud.iam.iot import decide_iot
from labcloud.iam.messages import access_denied_message
from labcloud.iam.parser import PolicyError, parse_policy
from labcloud.iam.permissions.table import Needed
from labcloud.iam.policy import Policy
from labcloud.iam.requests import permissions_of
from labcloud.iam.trust import RolePolicies, decide_for_role, may_assume, trusts

__all__ = [
    "AccessRequest",
    "Cause",
    "Decision",
    "Missing",
    "Needed",
    "Policy",
    "PolicyError",
    "RolePolicies",
    "UserPolicies",
    "access_denied_message",
    "certificate_context",
    "decide_for_role",
    "decide_iot",
    "device_context",
    "evaluate",
    "invoke_allowed",
    "may_assume",
    "parse_policy",
    "permissions_of",
    "trusts",
]
