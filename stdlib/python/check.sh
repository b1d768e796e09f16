cd "$folder"
# What was installed is tested, and not the source beside the tests.
for record in "$out"/usr/local/lib/python3*/dist-packages/*.dist-info/RECORD; do
  sed -n 's|^\([A-Za-z0-9_]*\)\(\.py\)\{0,1\}[/,].*|\1|p' "$record"
done | sort -u >/tmp/xb-modules
while read -r module; do
  rm -rf "$module" "$module.py" "src/$module" "src/$module.py" "lib/$module" "lib/$module.py"
done </tmp/xb-modules
words "$tests" python3 -P -m pytest -p no:cacheprovider -rs
