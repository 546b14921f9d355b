"""The company's own operations: each call makes a record, whatever was made before."""

from typing import Any

from apps.integrations.sandbox.vtiger.modules import MODULES
from apps.integrations.sandbox.vtiger.operations import Caller, operation
from apps.integrations.sandbox.vtiger.wire import Refused


@operation("CreateWebContact", "POST", "mobile", "firstname", "lastname", "email")
def create_contact(caller: Caller, mobile: str, firstname: str, lastname: str, email: str) -> Any:
    _need(mobile=mobile)
    element = {"mobile": mobile, "firstname": firstname, "lastname": lastname or mobile, "email": email}
    made = caller.records.create(MODULES["Contacts"], element | _owner(caller))
    return {"contact_id": str(made.id), "is_new_contact": True}


@operation("CreateWebProject", "POST", "contact_id", "policy_number", "projectname")
def create_project(caller: Caller, contact_id: str, policy_number: str, projectname: str) -> Any:
    _need(contact_id=contact_id)
    element = {
        "projectname": projectname or policy_number or f"Web {contact_id}", "cf_1885": policy_number,
        "linktoaccountscontacts": _whole("Contacts", contact_id),
    }  # fmt: skip
    made = caller.records.create(MODULES["Project"], element | _owner(caller))
    return {"project_id": str(made.id), "is_new_project": True}


@operation("CreateWebClaim", "POST", "contact_id", "project_id", "title", "description", "claim_id")
def create_claim(caller: Caller, contact_id: str, project_id: str, title: str, description: str, claim_id: str) -> Any:
    """The relation is written straight into its table, from the project to the ticket alone."""
    _need(contact_id=contact_id, title=title)
    element = {
        "ticket_title": title if claim_id in title else f"{claim_id} {title}", "description": description,
        "ticketstatus": "рассмотрение", "ticketpriorities": "Normal",
        "contact_id": _whole("Contacts", contact_id), "cf_2066": _whole("Project", project_id),
    }  # fmt: skip
    made = caller.records.create(MODULES["HelpDesk"], element | _owner(caller))
    number = _whole("Project", project_id).partition("x")[2]
    if number.isdigit():
        caller.records.relate_rows(int(number), made.id)
    return {"ticket_id": str(made.id), "ticket_number": made.data["ticket_no"]}


def _need(**parameters: str) -> None:
    for name, value in parameters.items():
        if not value:
            raise Refused("MANDATORY_FIELDS_MISSING", f"{name} does not have a value")


def _owner(caller: Caller) -> dict[str, str]:
    return {"assigned_user_id": caller.records.user.id}


def _whole(module: str, id_: str) -> str:
    """`id_` with its prefix, whether it came with one or not."""
    return id_ if "x" in id_ or not id_ else f"{MODULES[module].prefix}x{id_}"
