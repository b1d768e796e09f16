cd "$folder"
if [ -z "$tests" ]; then
  echo "which tests? \`tests = [\"test.lua\"]\` names scripts, each of which fails by an error" >&2
  exit 1
fi
run_tests() {
  for script in "$@"; do
    echo "$script"
    (cd "$(dirname "$script")" && "lua$lua_version" "$(basename "$script")")
  done
}
words "$tests" run_tests
