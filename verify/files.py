"""Files that are whole or absent."""

from ..numerics._files import writable_folder as writable_folder
from ..numerics._files import write_bytes as write_bytes
from ..numerics._files import write_text as write_text
