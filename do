#!/bin/sh
# The one contributor interface. `make X` calls `./do X`; both do the same.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

usage() {
    cat <<'TEXT'
./do setup      install everything that is needed to run: .venv and the page
./do demo       set up and run the demo: a synthetic street, events, API and page
./do test       set up and run the tests (without the slow ones)
./do test-slow  the tests that take minutes
./do check      exactly what CI runs: style, types, import contracts, page, tests with coverage
./do format     put the code into its style
./do bench      what this machine carries; takes hours on a quiet machine, minutes with --quick
./do docs       write the parts of the docs that follow from the code
./do lock       choose the newest allowed versions anew and write the lock files
TEXT
}

# $1: lock file, $2: stamp. Installs only if a lock or pyproject is newer than the last installation.
install() {
    if [ ! -x .venv/bin/python ]; then
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
            { echo "Ngã Tư needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 2; }
        "$python" -m venv .venv || { echo "Python has no venv; on Debian: apt install python3-venv" >&2; exit 2; }
    fi
    if [ ! -e ".venv/$2" ] || [ "$1" -nt ".venv/$2" ] || [ pyproject.toml -nt ".venv/$2" ]; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
        # opencv-python wants the libraries of a desktop; a server without them gets the same version without windows.
        if ! .venv/bin/python -c 'import cv2' 2>/dev/null; then
            version=$(.venv/bin/python -m pip show opencv-python | sed -n 's/^Version: //p')
            echo "no libGL here: opencv-python-headless $version takes the place of opencv-python"
            .venv/bin/python -m pip uninstall --quiet --yes opencv-python
            .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "opencv-python-headless==$version"
            .venv/bin/python -c 'import cv2'
        fi
        touch ".venv/$2"
    fi
}

page() {
    command -v npm >/dev/null || { echo "the page needs Node.js 20 or newer with npm" >&2; exit 2; }
    page=api/dashboard
    if [ ! -e $page/node_modules/.stamp ] || [ $page/package-lock.json -nt $page/node_modules/.stamp ]; then
        (cd $page && npm ci --no-audit --no-fund --loglevel=error)
        touch $page/node_modules/.stamp
    fi
    if [ ! -e $page/dist/index.html ] ||
        [ -n "$(find $page/src $page/index.html $page/package-lock.json $page/vite.config.ts -newer $page/dist/index.html -print | head -n 1)" ]; then
        (cd $page && npm run --silent build)
    fi
}

setup() { install requirements.lock .for-running; page; }
setup_dev() { install requirements-dev.lock .for-developing; page; }

tests() { setup_dev; .venv/bin/pytest -m "not slow" --cov --cov-report=term-missing:skip-covered --cov-fail-under=100 "$@"; }

what=${1:-}
[ $# -gt 0 ] && shift
case "$what" in
    setup) setup ;;
    demo) setup; exec .venv/bin/ngatu demo "$@" ;;
    test) tests "$@" ;;
    test-slow) setup_dev; .venv/bin/pytest -m slow "$@" ;;
    check)
        setup_dev
        .venv/bin/ruff check .
        .venv/bin/ruff format --check .
        .venv/bin/mypy
        .venv/bin/lint-imports
        (cd api/dashboard && npm run --silent lint && npm run --silent test)
        tests
        ;;
    format) setup_dev; .venv/bin/ruff check --fix-only --quiet .; .venv/bin/ruff format . ;;
    bench) setup; exec .venv/bin/ngatu bench "$@" ;;
    docs) setup_dev; PYTHONPATH=. .venv/bin/python docs/generate.py ;;
    lock)
        setup_dev
        options="--quiet --no-strip-extras --generate-hashes --allow-unsafe --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade"
        echo setuptools > .venv/build.in # builds the editable installation
        .venv/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > .venv/dev.in
        .venv/bin/pip-compile $options -o requirements.lock pyproject.toml .venv/build.in
        .venv/bin/pip-compile $options -o requirements-dev.lock pyproject.toml .venv/build.in .venv/dev.in
        ;;
    *) usage; exit 2 ;;
esac
