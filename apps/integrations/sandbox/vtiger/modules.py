"""The modules and fields of the sandbox's vTiger: those of a stock 8.0 that a claim meets, and the company's own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Ids' prefixes follow the order of installation; Project is 33 on the company's.
PREFIXES = {
    "Accounts": "11", "Contacts": "12", "Products": "14", "Documents": "15", "HelpDesk": "17", "Users": "19",
    "Groups": "20", "DocumentFolders": "22", "Project": "33", "ModComments": "34",
}  # fmt: skip
_NOT_DESCRIBED = ("update_log",)  # it stands in every ticket all the same
# `*` mandatory, `-` read-only; then the type, its argument (a length, modules or values) and the label.
_CONTACTS = """
salutationtype string() Salutation
firstname string(40) First Name
-contact_no string() Contact Id
phone phone(50) Office Phone
*lastname string(80) Last Name
mobile phone(50) Mobile Phone
account_id reference(Accounts) Organization Name
homephone phone(50) Home Phone
leadsource picklist(Cold Call,Existing Customer,Self Generated,Partner,Public Relations,Web Site,Other) Lead Source
otherphone phone(50) Secondary Phone
title string(50) Title
fax phone(50) Fax
department string(30) Department
birthday date() Date of Birth
email email(100) Primary Email
contact_id reference(Contacts) Reports To
assistant string(30) Assistant
secondaryemail email(100) Secondary Email
assistantphone phone(50) Assistant Phone
donotcall boolean() Do Not Call
emailoptout boolean() Email Opt Out
*assigned_user_id owner() Assigned To
reference boolean() Reference
notify_owner boolean() Notify Owner
-createdtime datetime() Created Time
-modifiedtime datetime() Modified Time
-modifiedby reference(Users) Last Modified By
isconvertedfromlead boolean() Is Converted From Lead
-source string() Source
starred boolean() starred
tags string(1) tags
portal boolean() Portal User
support_start_date date() Support Start Date
support_end_date date() Support End Date
mailingstreet text() Mailing Street
otherstreet text() Other Street
mailingcity string(40) Mailing City
othercity string(40) Other City
mailingstate string(30) Mailing State
otherstate string(30) Other State
mailingzip string(30) Mailing Zip
otherzip string(30) Other Zip
mailingcountry string(30) Mailing Country
othercountry string(30) Other Country
mailingpobox string(30) Mailing P.O. Box
otherpobox string(30) Other P.O. Box
description text() Description
imagename image(150) Contact Image
"""
_HELPDESK = """
-ticket_no string() Ticket Number
*assigned_user_id owner() Assigned To
parent_id reference(Accounts) Organization Name
*ticketpriorities picklist(Low,Normal,High,Urgent) Priority
product_id reference(Products) Product Name
ticketseverities picklist(Minor,Major,Feature,Critical) Severity
*ticketstatus picklist(Open,In Progress,рассмотрение,Wait For Response,Closed) Status
ticketcategories picklist(Big Problem,Small Problem,Other Problem) Category
-update_log text() Update History
hours double() Hours
days double() Days
-createdtime datetime() Created Time
-modifiedtime datetime() Modified Time
from_portal boolean() From Portal
-modifiedby reference(Users) Last Modified By
*ticket_title string(255) Title
contact_id reference(Contacts) Contact Name
-source string() Source
starred boolean() starred
tags string(1) tags
cf_2066 reference(Project) Проект
description text() Description
solution text() Solution
"""
_PROJECT = """
*projectname string(255) Project Name
startdate date() Start Date
targetenddate date() Target End Date
actualenddate date() Actual End Date
projectstatus picklist(prospecting,initiated,in progress,on hold,completed,delivered,archived) Status
projecttype picklist(administrative,operative,other) Type
linktoaccountscontacts reference(Accounts,Contacts) Related To
*assigned_user_id owner() Assigned To
-project_no string() Project Number
targetbudget string(255) Target Budget
projecturl url(255) Project Url
projectpriority picklist(low,normal,high) Priority
progress picklist(10%,20%,30%,40%,50%,60%,70%,80%,90%,100%) Progress
-createdtime datetime() Created Time
-modifiedtime datetime() Modified Time
-modifiedby reference(Users) Last Modified By
description text() Description
-source string() Source
starred boolean() starred
tags string(1) tags
isconvertedfrompotential boolean() Is Converted From Opportunity
potentialid string() Opportunity Name
cf_1885 string(100) Номер полиса
"""
_DOCUMENTS = """
*notes_title string(100) Title
-createdtime datetime() Created Time
-modifiedtime datetime() Modified Time
filename file(255) File Name
*assigned_user_id owner() Assigned To
notecontent text() Note
filetype string(100) File Type
filesize integer() File Size
filelocationtype string(5) Download Type
fileversion string(50) Version
filestatus boolean() Active
-filedownloadcount string() Download Count
folderid reference(DocumentFolders) Folder Name
-note_no string() Document No
-modifiedby reference(Users) Last Modified By
-source string() Source
starred boolean() starred
tags string(1) tags
"""
_MODCOMMENTS = """
*commentcontent text() Comment
*assigned_user_id owner() Assigned To
-createdtime datetime() Created Time
-modifiedtime datetime() Modified Time
*related_to reference(HelpDesk,Project,Accounts,Contacts) Related To
-creator reference(Users) Creator
parent_comments reference(ModComments) Related To
-source string() Source
customer reference(Contacts) Customer
userid string() UserId
reasontoedit text() ReasonToEdit
is_private integer() Is Private
filename file(255) Attachment
related_email_id integer() Related Email Id
"""


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    label: str
    mandatory: bool
    editable: bool
    length: int | None
    choices: tuple[str, ...]  # the modules of a reference, the values of a picklist

    @property
    def empty(self) -> str:
        return {"boolean": "0", "double": "0.00000000", "integer": "0"}.get(self.type, "")

    def described(self) -> dict[str, Any]:
        kind: dict[str, Any] = {"name": self.type}
        if self.type == "reference":
            kind = {"refersTo": list(self.choices), "name": "reference"}
        elif self.type == "picklist":
            values = [{"label": value, "value": value} for value in self.choices]
            kind = {"picklistValues": values, "defaultValue": self.choices[0], "name": "picklist"}
        elif self.type == "date":
            kind = {"format": "dd-mm-yyyy", "name": "date"}
        elif self.type == "file":
            kind = {"maxUploadFileSize": 20000000, "name": "file"}
        return {
            "name": self.name, "label": self.label, "mandatory": self.mandatory, "type": kind, "isunique": False,
            "nullable": self.editable and not self.mandatory, "editable": self.editable, "default": "",
        }  # fmt: skip


@dataclass(frozen=True)
class Related:
    """A related list: `field` is the other module's reference to us; without one the list is many to many."""

    label: str
    module: str
    field: str = ""


@dataclass(frozen=True)
class Module:
    name: str
    label: str
    singular: str
    fields: dict[str, Field]
    id_label: str
    number: tuple[str, str]  # the field of the record's number, and what stands before the number
    label_fields: tuple[str, ...]
    lists: tuple[Related, ...]

    @property
    def prefix(self) -> str:
        return PREFIXES[self.name]

    def described(self) -> dict[str, Any]:
        id_field = {
            "name": "id", "label": self.id_label, "mandatory": False, "type": {"name": "autogenerated"},
            "editable": False, "nullable": False, "default": "",
        }  # fmt: skip
        may = dict.fromkeys(("createable", "updateable", "deleteable", "retrieveable"), True)
        return {
            "label": self.label, "name": self.name, **may,
            "fields": [*(one.described() for one in self.fields.values() if one.name not in _NOT_DESCRIBED), id_field],
            "idPrefix": self.prefix, "isEntity": True, "allowDuplicates": False,
            "labelFields": ",".join(self.label_fields),
        }  # fmt: skip


def _fields(table: str) -> Iterator[tuple[str, Field]]:
    for line in table.strip().splitlines():
        shape = re.fullmatch(r"([*-]?)(\w+) (\w+)\((.*?)\) (.+)", line)
        assert shape, line
        mark, name, kind, argument, label = shape.groups()
        length = int(argument) if argument.isdigit() else None
        choices = tuple(argument.split(",")) if kind in ("reference", "picklist") else ()
        yield name, Field(name, kind, label, mark == "*", mark != "-", length, choices)


_DOCUMENT_LIST, _COMMENT_LIST = Related("Documents", "Documents"), Related("ModComments", "ModComments", "related_to")
_ALL = (
    Module(
        "Contacts", "Contacts", "Contact", dict(_fields(_CONTACTS)), "contactid", ("contact_no", "CON"),
        ("firstname", "lastname"),
        (Related("HelpDesk", "HelpDesk", "contact_id"), Related("Projects", "Project", "linktoaccountscontacts"),
         _DOCUMENT_LIST, _COMMENT_LIST),
    ),
    Module(
        "Documents", "Documents", "Document", dict(_fields(_DOCUMENTS)), "notesid", ("note_no", "DOC"),
        ("notes_title",), (),
    ),
    Module(
        "HelpDesk", "Tickets", "Ticket", dict(_fields(_HELPDESK)), "ticketid", ("ticket_no", "TT"), ("ticket_title",),
        (_DOCUMENT_LIST, Related("Projects", "Project"), _COMMENT_LIST),
    ),
    Module(
        "Project", "Projects", "Project", dict(_fields(_PROJECT)), "projectid", ("project_no", "PROJ"),
        ("projectname",), (_DOCUMENT_LIST, Related("HelpDesk", "HelpDesk"), _COMMENT_LIST),
    ),
    Module(
        "ModComments", "Comments", "Comment", dict(_fields(_MODCOMMENTS)), "modcommentsid", ("", ""),
        ("commentcontent",), (),
    ),
)  # fmt: skip
MODULES = {module.name: module for module in _ALL}
