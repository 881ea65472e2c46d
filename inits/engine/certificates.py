"""TLS files for a cluster: `python -m inits.engine.certificates FOLDER`.

One certificate that is its own authority, for the scheduler, the workers and the web servers alike: Dask asks both
sides of every connection for a certificate of the authority, and whoever has one may do everything.
"""

import argparse
import os
from pathlib import Path

NAMES = ("ca.pem", "cert.pem", "key.pem")


def make(folder: Path) -> None:
    """Write ca.pem, cert.pem and key.pem, good for a year; the key can be read by this user alone.

    Raises FileExistsError rather than replace one.
    """
    from distributed import Security

    made = Security.temporary()
    folder.mkdir(parents=True, exist_ok=True)
    texts = (made.tls_ca_file, made.tls_client_cert, made.tls_client_key)
    for name, text in zip(NAMES, texts, strict=True):
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inits.engine.certificates", description=make.__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    try:
        make(folder)
    except FileExistsError as error:
        parser.error(f"{error.filename} is there already; name another folder, or remove it")
    print(f"Wrote {', '.join(NAMES)} to {folder}. They are valid for one year.")


if __name__ == "__main__":
    main()
