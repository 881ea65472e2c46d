"""TLS files for a cluster: `python -m inits.engine.certificates FOLDER`.

One certificate that is its own authority, for the scheduler, the workers and the web servers: Dask requires a
certificate of the authority from both sides of every connection, and a client with such a certificate has full access.
"""

import argparse
import os
from pathlib import Path

NAMES = ("ca.pem", "cert.pem", "key.pem")


def make(folder: Path) -> None:
    """Write ca.pem, cert.pem and key.pem, valid for a year; only this user can read the key.

    Raises FileExistsError if one of them exists.
    """
    from distributed import Security

    made = Security.temporary()
    folder.mkdir(parents=True, exist_ok=True)
    texts = (made.tls_ca_file, made.tls_client_cert, made.tls_client_key)
    for name, text in zip(NAMES, texts, strict=True):
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)


def main() -> None:
    """Write the files into the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m inits.engine.certificates", description=make.__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    try:
        make(folder)
    except FileExistsError as error:
        parser.error(f"{error.filename} exists; name another folder, or remove it")
    print(f"Wrote {', '.join(NAMES)} to {folder}. They are valid for one year.")


if __name__ == "__main__":
    main()
