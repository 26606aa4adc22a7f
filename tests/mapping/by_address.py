"""The example mapping, made to find records by their e-mail addresses."""


def finding_addresses(text: str) -> str:
    """A mapping's text, made to find records by their address, and to write stops of addresses to them, too."""
    for old, new in (
        ("Lead.MobilePhone]}]", "Lead.MobilePhone]}, {by: address, in: [Contact.Email, Lead.Email]}]"),
        (
            "on_opt_out:\n",
            "on_opt_out:\n  set_by_address: {Contact.HasOptedOutOfEmail: true, Lead.HasOptedOutOfEmail: true}\n",
        ),
        ("tests:", "on_opt_in:\n  set_by_address: {Contact.HasOptedOutOfEmail: false}\ntests:"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text
