"""What the services have in common, and what comes before any shape of theirs."""

import warnings

from pydantic import BaseModel
from pydantic.warnings import UnsupportedFieldAttributeWarning

# Whoever needs a shape first builds it: a start waits for a thousand, and a request needs three.
BaseModel.model_config["defer_build"] = True
# FastAPI names bodies in a way that Pydantic warns of, and turns that off only until they are made.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
