cd "$folder"
if [ -z "$rockspec" ] && ! find . rockspec rockspecs -maxdepth 1 -name '*.rockspec' 2>/dev/null | grep -q .; then
  echo "there is no rockspec in $PWD: \`rockspec\` names it, \`folder\` says where the project lies in the source," >&2
  echo "\`modules = { name = [\"a.c\", \"b.c\"] }\` says what is built where a source has none" >&2
  exit 1
fi
# Its own script takes arguments with spaces apart. What a rock depends on is in `needs`.
export LUAROCKS_CONFIG="$inputs/lua/config.lua"
words "$rockspec" "lua$lua_version" /usr/bin/luarocks --lua-version="$lua_version" \
  make --tree=/tmp/xb-rocks --deps-mode=none --no-doc --no-manifest
# Not lib/luarocks: what is there tells how and when the rock was installed.
mkdir -p "$out/usr/local"
for installed in bin lib/lua share/lua; do
  if [ -d "/tmp/xb-rocks/$installed" ]; then
    mkdir -p "$out/usr/local/$(dirname "$installed")"
    cp -R "/tmp/xb-rocks/$installed" "$out/usr/local/$installed"
  fi
done
