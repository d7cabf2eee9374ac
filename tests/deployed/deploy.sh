#!/bin/sh
# Deploy template.yaml to a local cloud. Installs its tools under .tools/ at first use. See README.md beside it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tools="$root/.tools/deployed"
if ! cmp -s "$here/requirements.txt" "$tools/installed.txt"; then
    rm -rf "$tools"
    "${PYTHON:-python3}" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$tools/installed.txt"
fi
export PATH="$tools/bin:$PATH"
if [ "${1:-}" = remove-statement ]; then
    shift
    exec python "$here/remove_statement.py" "$@"
fi
if [ "${1:-}" = assume-role ]; then
    shift
    exec python "$here/assume_role.py" "$@"
fi
exec python "$here/deploy.py" "$@"
