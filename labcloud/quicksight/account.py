"""Operations on the account: subscription, settings, the default namespace, users, tags.

The local cloud needs no subscription: it answers as a subscribed account would, with and without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from labcloud.api import ApiRequest, Operation
from labcloud.quicksight.common import Part, keep_tags, page
from labcloud.quicksight.errors import (
    InvalidParameterValueException,
    PreconditionNotMetException,
    ResourceExistsException,
    ResourceNotFoundException,
)
from labcloud.quicksight.store import Members

NAMESPACE = "default"
SUBSCRIPTION = ("AccountName", "Edition", "NotificationEmail", "AuthenticationType")


class AccountOperations(Part):
    """CreateAccountSubscription, RegisterUser, TagResource and their kin."""

    def operations(self) -> Mapping[str, Operation]:
        """By the operation's name."""
        return {
            "CreateAccountSubscription": self.create_subscription,
            "DescribeAccountSubscription": self.describe_subscription,
            "DeleteAccountSubscription": self.delete_subscription,
            "DescribeAccountSettings": self.describe_settings,
            "UpdateAccountSettings": self.update_settings,
            "ListNamespaces": self.list_namespaces,
            "DescribeNamespace": self.describe_namespace,
            "RegisterUser": self.register_user,
            "DescribeUser": self.describe_user,
            "UpdateUser": self.update_user,
            "DeleteUser": self.delete_user,
            "ListUsers": self.list_users,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
        }

    def create_subscription(self, request: ApiRequest) -> dict[str, Any]:
        """One per account; it is protected against its end."""
        given, account = request.parameters, self.store.account(request.account_id)
        if account.subscription is not None:
            raise ResourceExistsException(f"Account {request.account_id} is already subscribed")
        account.subscription = {
            "AccountName": given["AccountName"],
            "Edition": given.get("Edition") or "ENTERPRISE",
            "NotificationEmail": given["NotificationEmail"],
            "AuthenticationType": given["AuthenticationMethod"],
            "AccountSubscriptionStatus": "ACCOUNT_CREATED",
        }
        account.settings = {"DefaultNamespace": NAMESPACE, "TerminationProtectionEnabled": True}
        answer = {"accountName": given["AccountName"], "directoryType": given["AuthenticationMethod"]}
        return {"SignupResponse": answer, "Status": 200}

    def describe_subscription(self, request: ApiRequest) -> dict[str, Any]:
        """Not found unless subscribed."""
        return {"AccountInfo": self._subscription(request), "Status": 200}

    def delete_subscription(self, request: ApiRequest) -> dict[str, Any]:
        """Ends it, and every asset and user with it, once the protection is off."""
        self._subscription(request)
        account = self.store.account(request.account_id)
        if account.settings.get("TerminationProtectionEnabled"):
            raise PreconditionNotMetException("Termination protection is enabled: disable it in the account settings")
        del self.store.accounts[request.account_id]
        for place in [place for place in self.store.regions if place[0] == request.account_id]:
            del self.store.regions[place]
        return {"Status": 200}

    def describe_settings(self, request: ApiRequest) -> dict[str, Any]:
        """The settings of the subscription."""
        subscription, account = self._subscription(request), self.store.account(request.account_id)
        shown = {key: subscription[key] for key in ("AccountName", "Edition", "NotificationEmail")}
        return {"AccountSettings": shown | {"PublicSharingEnabled": False} | account.settings, "Status": 200}

    def update_settings(self, request: ApiRequest) -> dict[str, Any]:
        """Default namespace, notifications, protection."""
        given, subscription = request.parameters, self._subscription(request)
        _require_namespace(given["DefaultNamespace"])
        if (protected := given.get("TerminationProtectionEnabled")) is not None:
            self.store.account(request.account_id).settings["TerminationProtectionEnabled"] = protected
        if email := given.get("NotificationEmail"):
            subscription["NotificationEmail"] = email
        return {"Status": 200}

    def list_namespaces(self, request: ApiRequest) -> dict[str, Any]:
        """There is the default one."""
        return {"Namespaces": [_namespace(request)], "Status": 200}

    def describe_namespace(self, request: ApiRequest) -> dict[str, Any]:
        """The default one, or not found."""
        _require_namespace(request.parameters["Namespace"])
        return {"Namespace": _namespace(request), "Status": 200}

    def register_user(self, request: ApiRequest) -> dict[str, Any]:
        """An IAM identity's name follows from its ARN."""
        given, account = request.parameters, self.store.account(request.account_id)
        _require_namespace(given["Namespace"])
        name = _user_name(given)
        if (given["Namespace"], name) in account.users:
            raise ResourceExistsException(f"User {name} already exists", ResourceType="USER")
        arn = f"arn:aws:quicksight:{request.region}:{request.account_id}:user/{given['Namespace']}/{name}"
        user = {
            "Arn": arn,
            "UserName": name,
            "Email": given["Email"],
            "Role": given["UserRole"],
            "IdentityType": given["IdentityType"],
            "Active": given["IdentityType"] != "QUICKSIGHT",
            "PrincipalId": f"federated/iam/{uuid5(NAMESPACE_URL, arn)}",
        }
        account.users[given["Namespace"], name] = user
        keep_tags(self.region(request), arn, given.get("Tags"))
        return {"User": user, "Status": 201}

    def describe_user(self, request: ApiRequest) -> dict[str, Any]:
        """The user of that name."""
        return {"User": self._user(request), "Status": 200}

    def update_user(self, request: ApiRequest) -> dict[str, Any]:
        """E-mail and role."""
        user = self._user(request)
        user["Email"], user["Role"] = request.parameters["Email"], request.parameters["Role"]
        return {"User": user, "Status": 200}

    def delete_user(self, request: ApiRequest) -> dict[str, Any]:
        """Removes the user."""
        user = self._user(request)
        del self.store.account(request.account_id).users[request.parameters["Namespace"], user["UserName"]]
        self.region(request).tags.pop(user["Arn"], None)
        return {"Status": 200}

    def list_users(self, request: ApiRequest) -> dict[str, Any]:
        """All users of a namespace."""
        _require_namespace(request.parameters["Namespace"])
        users, more = page(list(self.store.account(request.account_id).users.values()), request)
        return {"UserList": users, "Status": 200} | more

    def tag(self, request: ApiRequest) -> dict[str, Any]:
        """Adds tags or changes their values."""
        tags = self._tags(request)
        tags |= {tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]}
        return {"Status": 200}

    def untag(self, request: ApiRequest) -> dict[str, Any]:
        """Takes tags away."""
        tags = self._tags(request)
        for key in request.parameters["TagKeys"]:
            tags.pop(key, None)
        return {"Status": 200}

    def list_tags(self, request: ApiRequest) -> dict[str, Any]:
        """The tags of an asset."""
        tags = self._tags(request)
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()], "Status": 200}

    def _tags(self, request: ApiRequest) -> dict[str, str]:
        arn, region = request.parameters["ResourceArn"], self.region(request)
        if arn not in region.tags:
            raise ResourceNotFoundException(f"Resource {arn} is not found")
        return region.tags[arn]

    def _subscription(self, request: ApiRequest) -> Members:
        subscription = self.store.account(request.account_id).subscription
        if subscription is None:
            raise ResourceNotFoundException(f"Directory information for account {request.account_id} is not found.")
        return subscription

    def _user(self, request: ApiRequest) -> Members:
        namespace, name = request.parameters["Namespace"], request.parameters["UserName"]
        _require_namespace(namespace)
        users = self.store.account(request.account_id).users
        if (namespace, name) not in users:
            raise ResourceNotFoundException(f"User {name} is not found", ResourceType="USER")
        return users[namespace, name]


def _user_name(given: Mapping[str, Any]) -> str:
    if given["IdentityType"] == "IAM":
        arn = given.get("IamArn")
        if not arn:
            raise InvalidParameterValueException("IamArn is needed for the identity type IAM")
        kind, _, name = arn.rsplit(":", 1)[-1].partition("/")
        if kind in ("role", "assumed-role"):
            if not given.get("SessionName"):
                raise InvalidParameterValueException("SessionName is needed for an IAM role")
            return f"{name.rsplit('/', 1)[-1]}/{given['SessionName']}"
        return name.rsplit("/", 1)[-1]
    if not given.get("UserName"):
        raise InvalidParameterValueException("UserName is needed for this identity type")
    return given["UserName"]


def _require_namespace(name: str) -> None:
    if name != NAMESPACE:
        raise ResourceNotFoundException(f"Namespace {name} is not found", ResourceType="NAMESPACE")


def _namespace(request: ApiRequest) -> dict[str, str]:
    return {
        "Name": NAMESPACE,
        "Arn": f"arn:aws:quicksight:{request.region}:{request.account_id}:namespace/{NAMESPACE}",
        "CapacityRegion": request.region,
        "CreationStatus": "CREATED",
        "IdentityStore": "QUICKSIGHT",
    }
