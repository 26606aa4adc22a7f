"""What every section of a mapping file is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A map of the file. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
