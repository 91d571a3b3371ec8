# cmake -P SCRIPT: the script must exist, and leaves its name behind in the source that it patches.
# cmake -B DIR, cmake --build DIR: an empty folder where the runners would be.
build=
while [ $# -gt 0 ]; do
  case $1 in
    -P)
      if [ ! -f "$2" ]; then
        echo "CMake Error: Error processing file: $2" >&2
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
