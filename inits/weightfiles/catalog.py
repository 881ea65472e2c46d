"""The kinds of weight files that are read, and the names they go by."""

# What each format is called, and the endings of its names.
FORMATS = {
    "hdf5": ("HDF5", (".h5", ".hdf5")),
    "keras": (".keras", (".keras",)),
    "npz": (".npz", (".npz",)),
    "safetensors": (".safetensors", (".safetensors",)),
}


def ending(name: str) -> str:
    """The ending of a format that a name has; "" when it has none of them."""
    known = (end for _, ends in FORMATS.values() for end in ends)
    return next((end for end in known if name.lower().endswith(end)), "")


def misnamed(kind: str, name: str) -> str:
    """What to say when a file of a format is not what its name says, though it can be read; else ""."""
    named, (words, endings) = ending(name), FORMATS[kind]
    return f"It is named {named}, but is {words}." if named and named not in endings else ""
