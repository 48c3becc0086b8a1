"""Executions, step by step: what happened and now goes in, effects as data come out. Pure; shell/ carries them out."""

from labcloud.stepfunctions.engine.effects import Call, Deadline, Done, Effect, Failed, Outcome, Ring
from labcloud.stepfunctions.engine.model import Execution
from labcloud.stepfunctions.engine.run import Run

__all__ = ["Call", "Deadline", "Done", "Effect", "Execution", "Failed", "Outcome", "Ring", "Run"]
