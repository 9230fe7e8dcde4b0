#!/usr/bin/env bash
# Runs the archive's programs on this machine's GPU, by XLA's plugin and by python3's PyTorch where it has one, and prints a table: ./run.sh [PLUGIN] [TEXT].
# TEXT takes the lines of order.txt that hold it.
# Without PLUGIN it is NVIDIA's of python3's packages (jax-cuda13-pjrt or jax-cuda12-pjrt). What was measured is in results.jsonl and results.md, also where it is cut off.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
find_plugin() {
  python3 - <<'PYTHON'
import glob, os, site, sys
for folder in [*sys.path, *site.getsitepackages(), site.getusersitepackages()]:
    for found in sorted(glob.glob(os.path.join(folder, "jax_plugins", "xla_cuda1[23]", "xla_cuda_plugin.so")), reverse=True):
        print(found)
        sys.exit()
PYTHON
}
plugin="${1:-$(find_plugin)}"
only="${2:-}"
if [ -z "$plugin" ]; then
  echo "no plugin was found; install one (pip install jax-cuda13-pjrt with CUDA's libraries), or name its file: ./run.sh PLUGIN" >&2
  exit 2
fi
# cuDNN opens its neighbours by name.
packages="$(dirname "$plugin")/../../nvidia"
for folder in "$packages"/*/lib; do [ -d "$folder" ] && LD_LIBRARY_PATH="$folder:${LD_LIBRARY_PATH:-}"; done
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}"
limit="${LIMIT:-560}" # seconds for all
card="$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -1)"
printf '{"machine": "%s, %s", "plugin": "%s"}\n' "$(date -u +%F)" "${card:-no NVIDIA driver}" "$(basename "$(dirname "$plugin")")" > results.jsonl
python3 -c 'import torch' 2>/dev/null && pytorch=1 || pytorch=
export PYTHONPATH="$PWD/packages${PYTHONPATH:+:$PYTHONPATH}"
failed=0
while read -r program way; do
  case "$way" in eager | compiled) [ -z "$pytorch" ] && continue ;; esac
  left=$((limit - SECONDS))
  [ "$left" -lt 20 ] && { echo "the time is up" >&2; break; }
  echo "$(basename "$program" .json), $way ($left s left)" >&2
  case "$way" in
    eager | compiled) timeout "$left" python3 pytorch.py "$program" "$way" >> results.jsonl || echo "PyTorch's side failed" >&2 ;;
    *) timeout "$left" ./node replay.mjs "$plugin" "$program" "$way" >> results.jsonl || failed=1 ;;
  esac
  ./node table.mjs results.jsonl > results.md
done < <(grep -F -- "$only" order.txt)
cat results.md
exit "$failed"
