"""Makes .venv and installs locked requirements into it: `python3 deploy/install.py embedded|dev`.

Standard library only, no root, safe to run twice: what is there already, for the same lock and Python, is kept.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LEAST = (3, 11)
# Debian keeps pip's seed (ensurepip) in a package of its own; without it this one is fetched, and held to its hash.
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("embedded", "dev"):
        sys.exit("Usage: python3 deploy/install.py embedded|dev")
    if sys.version_info < LEAST:
        sys.exit(
            f"Claimdesk needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}: install one "
            "and name it, as in `make PYTHON=python3.12 run`."
        )
    os.makedirs(os.path.join(ROOT, "var"), exist_ok=True)
    with open(os.path.join(ROOT, "var", "install.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make run` and `make test` may start side by side
        install(sys.argv[1])
        compile_translations()


def install(wanted):
    """Bring .venv to the lock of `wanted`. The dev set holds the embedded one."""
    if any(is_installed(name) for name in {wanted, "dev"}):
        return
    if not works("import pip"):
        say("Making .venv ...")
        make_venv()
    say("Installing the locked requirements (a minute the first time) ...")
    lock = lock_path(wanted)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--require-hashes", "-r", lock]
    if subprocess.call(pip, cwd=ROOT) != 0:
        sys.exit(f"pip could not install {os.path.relpath(lock, ROOT)}; the reason is above.")
    with open(stamp_path(wanted), "w") as stamp:
        stamp.write(fingerprint(wanted))


def is_installed(name):
    try:
        with open(stamp_path(name)) as stamp:
            return stamp.read() == fingerprint(name) and works("import django")
    except OSError:
        return False


def fingerprint(name):
    """What must be the same for an installation to be kept: the lock and the Python it was made for."""
    with open(lock_path(name), "rb") as lock:
        digest = hashlib.sha256(lock.read()).hexdigest()
    return f"{digest} {sys.version_info[0]}.{sys.version_info[1]}"


def lock_path(name):
    return os.path.join(ROOT, "requirements", name + ".txt")


def stamp_path(name):
    return os.path.join(VENV, ".installed-" + name)


def works(statement):
    """True if .venv's Python starts and runs `statement`; a moved folder or a removed Python makes it False."""
    try:
        return subprocess.call([PYTHON, "-c", statement], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv():
    try:
        import ensurepip  # noqa: F401  asked for only to learn whether it is there
    except ImportError:
        make_venv_without_seed()
        return
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]) != 0:
        sys.exit(f"{sys.executable} could not make .venv; the reason is above.")


def make_venv_without_seed():
    advice = "install Python's venv support (as root: apt install python3-venv) and try again."
    if subprocess.call([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV]) != 0:
        sys.exit(f"{sys.executable} could not make .venv: {advice}")
    with tempfile.TemporaryDirectory() as folder:
        wheel = os.path.join(folder, PIP_WHEEL)
        try:
            content = fetch_pip()
        except (OSError, ValueError) as error:
            sys.exit(f"This Python comes without pip, and fetching it failed ({error}): {advice}")
        with open(wheel, "wb") as file:
            file.write(content)
        seed = [PYTHON, wheel + "/pip", "install", "--quiet", "--no-index", wheel]
        if subprocess.call(seed) != 0:
            sys.exit(f"pip could not be put into .venv: {advice}")


def fetch_pip():
    """The bytes of the pinned wheel, from the index that pip would use; ValueError if it is not what was pinned."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    with urllib.request.urlopen(index, timeout=60) as answer:
        page = answer.read().decode("utf-8", "replace")
    links = [link for link in re.findall(r'href="([^"]+)"', page) if PIP_WHEEL in link]
    if not links:
        raise ValueError(f"{PIP_WHEEL} is not at {index}")
    with urllib.request.urlopen(urllib.request.urljoin(index, links[0]), timeout=120) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        raise ValueError(f"{PIP_WHEEL} is not the pinned file")
    return content


def compile_translations():
    """Compile .po files that are newer than what was made of them; msgfmt need not be installed."""
    for folder, _, files in os.walk(os.path.join(ROOT, "locale")):
        for name in files:
            source = os.path.join(folder, name)
            if name.endswith(".po") and modified(source) > modified(source[:-3] + ".mo"):
                if subprocess.call([PYTHON, os.path.join(ROOT, "manage.py"), "compile_translations"], cwd=ROOT) != 0:
                    sys.exit("The translations could not be compiled; the reason is above.")
                return


def modified(path):
    return os.path.getmtime(path) if os.path.exists(path) else 0.0


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    main()
