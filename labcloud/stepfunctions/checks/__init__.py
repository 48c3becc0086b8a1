"""What is wrong with a definition, before a state machine is made of it. Pure."""

from labcloud.stepfunctions.checks.definition import faults_of_definition
from labcloud.stepfunctions.checks.faults import Calls, Fault

__all__ = ["Calls", "Fault", "faults_of_definition"]
