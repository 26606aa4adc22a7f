"""What describe answers about objects and fields ("REST API Developer Guide", sObject Describe)."""

from typing import Any

from connector.sandbox.org.schema import NUMBER_TYPES, Field, Object, Schema

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}


_NEVER_OTHERWISE: dict[str, Any] = {
    "aiPredictionField": False,
    "calculatedFormula": None,
    "caseSensitive": False,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "writeRequiresMasterRead": False,
}
"""What describe says of every field of the sandbox's alike."""


def describe_field(field: Field) -> dict[str, Any]:
    """One field, with every key that describe has."""
    text = field.type not in _SOAP
    optional = not field.required and field.type not in ("id", "boolean")
    has_default = field.default is not None
    return _NEVER_OTHERWISE | {
        "aggregatable": field.filterable and field.type != "boolean",
        "autoNumber": field.auto_number is not None,
        "byteLength": field.length * 3 if text else field.length,
        "calculated": field.derived is not None,
        "cascadeDelete": field.on_delete == "cascade",
        "compoundFieldName": "Name" if field.name in ("FirstName", "LastName", "Salutation") else None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultedOnCreate": has_default
        or field.auto_number is not None
        or not field.createable
        or field.name == "OwnerId",
        "digits": field.precision if field.type == "int" else 0,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "filterable": field.filterable,
        "groupable": field.filterable and field.type not in ("datetime", "double", "currency", "percent"),
        "idLookup": field.type == "id" or field.external_id or (field.name_field and not field.derived),
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.reference_to) > 1,
        "nillable": optional and field.name not in ("OwnerId", "CreatedDate", "CreatedById", "SystemModstamp"),
        "permissionable": field.updateable and not field.required,
        "picklistValues": [
            {"active": True, "defaultValue": each.default, "label": each.label, "validFor": None, "value": each.value}
            for each in field.choices
        ],
        "polymorphicForeignKey": len(field.reference_to) > 1,
        "precision": field.precision if field.type in NUMBER_TYPES and field.type != "int" else 0,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "restrictedDelete": field.on_delete == "restrict",
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference",
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.filterable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
    }


def describe_globally(target: Object, base: str) -> dict[str, Any]:
    """One object, as the list of all objects has it."""
    address = f"{base}/sobjects/{target.name}"
    editable = target.deletable and target.createable
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": target.createable,
        "custom": target.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": target.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": target.prefix,
        "label": target.label,
        "labelPlural": target.plural,
        "layoutable": editable,
        "mergeable": target.name in ("Account", "Contact", "Lead", "Case"),
        "mruEnabled": editable,
        "name": target.name,
        "queryable": True,
        "replicateable": target.deletable,
        "retrieveable": True,
        "searchable": True,
        "triggerable": editable,
        "undeletable": target.deletable,
        "updateable": target.createable,
        "urls": {
            "sobject": address,
            "describe": f"{address}/describe",
            "rowTemplate": f"{address}/{{ID}}",
        },
    }


def describe_object(schema: Schema, target: Object, base: str) -> dict[str, Any]:
    """One object whole: its fields and child relationships."""
    return {
        **describe_globally(target, base),
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": each.field.on_delete == "cascade",
                "childSObject": each.child.name,
                "deprecatedAndHidden": False,
                "field": each.field.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": each.name,
                "restrictedDelete": each.field.on_delete == "restrict",
            }
            for each in schema.children(target)
        ],
        "compactLayoutable": target.createable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(each) for each in target.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {target.plural.lower()}", "name": "everything"}],
    }
