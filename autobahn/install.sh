#!/usr/bin/env bash
# Installs the Autobahn suite into autobahn/.venv, where run.ts finds it. It is a program for Python 2.7, of which this
# machine must have one: $PYTHON2, python2.7 or python2 on the PATH, or one of pyenv's.
# Everything is pinned: here what builds, in requirements.txt what runs. A second call finds nothing to do.
set -euo pipefail
cd "$(dirname "$0")"

virtualenv=virtualenv==16.7.12 # the last that is one file, and brings pip for Python 2.7 along
cython=Cython==3.0.12          # builds wsaccel, the suite's masking and UTF-8

venv=$PWD/.venv
stamp=$venv/installed # written last: a copy of what was installed

say() { printf 'install: %s\n' "$*"; }
fail() {
  say "$@" >&2
  exit 1
}

pins() { printf '%s\n%s\n' "$virtualenv" "$cython" && cat requirements.txt; }

works() { "$venv/bin/wstest" --autobahnversion >/dev/null 2>&1; }

if [ -f "$stamp" ] && cmp -s "$stamp" <(pins) && works; then
  say "nothing to do: $venv has it"
  exit 0
fi

is_python27() { [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 2.7 ]; }

# pyenv's shims stand on the PATH for every version it has, and fail for those that are not selected: so each is tried.
candidates() {
  printf '%s\n' "${PYTHON2:-}" "$(command -v python2.7)" "$(command -v python2)"
  if command -v pyenv >/dev/null; then
    pyenv versions --bare | grep '^2\.7' | while read -r version; do
      printf '%s/bin/python\n' "$(pyenv prefix "$version")"
    done
  fi
}

[ -z "${PYTHON2:-}" ] || is_python27 "$PYTHON2" || fail "PYTHON2: $PYTHON2 is not Python 2.7"
python=
while read -r candidate; do
  if [ -n "$candidate" ] && is_python27 "$candidate"; then
    python=$candidate
    break
  fi
done < <(candidates || true)
[ -n "$python" ] || fail "there is no Python 2.7 here. With pyenv: \"pyenv install 2.7.18\"; or name one: PYTHON2=/path/to/python2.7 $0"
"$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip. \"$python -m ensurepip\" may give it one"
say "Python 2.7 is $python"

export PIP_DISABLE_PIP_VERSION_CHECK=1
export PYTHONWARNINGS=ignore:DEPRECATION # that this Python is old is known

bootstrap=$(mktemp -d)
trap 'rm -rf "$bootstrap"' EXIT

say "making $venv"
rm -rf "$venv"
"$python" -m pip install --quiet --no-deps --target "$bootstrap" "$virtualenv"
PYTHONPATH=$bootstrap "$python" -m virtualenv --quiet --no-download "$venv"

say "installing the suite; some of it is compiled"
pip() { "$venv/bin/python" -m pip "$@"; }
pip install --quiet --no-deps "$cython"
pip install --quiet --no-deps --no-build-isolation --requirement requirements.txt ||
  fail "a package could not be installed. Those without a build for this machine need a C compiler, and the headers of Python 2.7, libffi and OpenSSL"
pip check
works || fail "$venv/bin/wstest was installed, but does not run"

pins >"$stamp"
say "done: $("$venv/bin/wstest" --autobahnversion | tail -n 1) in $venv"
