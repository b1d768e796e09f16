if [ "$(meson introspect xb-build --tests)" = "[]" ]; then
  echo "the project has no tests as it is configured: an option may build them, or the package has no \`check\`" >&2
  exit 1
fi
ninja -C xb-build -j"$jobs" meson-test-prereq
meson test -C xb-build --no-rebuild --verbose --num-processes "$jobs" --timeout-multiplier 0
