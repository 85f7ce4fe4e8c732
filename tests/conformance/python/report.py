"""The lines that xtask reads; see ../README.md."""

import json
import traceback


def client(name, version):
    print(json.dumps({"client": name, "version": version}), flush=True)


def feature(name, check):
    """Runs `check` and reports whether it raised; what it returns is the note."""
    try:
        ok, note = True, check() or ""
    except Exception as error:  # Whatever went wrong, the other features are still tried.
        place = traceback.extract_tb(error.__traceback__)[-1]
        ok, note = False, f"{type(error).__name__} in {place.name}: {str(error) or place.line}"[:600]
    print(json.dumps({"feature": name, "ok": ok, "note": note}), flush=True)
