# cmake -P SCRIPT: the script must exist, its patches must fit the llama.cpp in the current folder, and it leaves its
# name behind there. The last line of a failure is blank, as that of a real one.
# cmake -B DIR, cmake --build DIR: an empty folder where the runners would be.
build=
while [ $# -gt 0 ]; do
  case $1 in
    -P)
      if [ ! -f "$2" ]; then
        echo "CMake Error: Error processing file: $2" >&2
        exit 1
      fi
      fits=$(sed -n 's/^.*which fit b\([0-9]*\) and newer$/\1/p' "$2")
      here=$(sed -n 's/^int LLAMA_BUILD_NUMBER = \([0-9]*\);$/\1/p' common/build-info.cpp.in)
      if [ -n "$fits" ] && [ -n "$here" ] && [ "$here" -lt "$fits" ]; then
        printf 'error: patch failed: src/llama-model.cpp:1187\nerror: src/llama-model.cpp: patch does not apply\n' >&2
        printf 'CMake Error at %s:41 (message):\n  Failed to apply the patches to llama.cpp\n\n\n' "$2" >&2
        exit 1
      fi
      echo "patched by ${2##*/}" >>.ollama-compat
      shift
      ;;
    -B)
      mkdir -p "$2/lib/ollama"
      echo runner >"$2/lib/ollama/libggml-base.so"
      shift
      ;;
  esac
  shift
done
