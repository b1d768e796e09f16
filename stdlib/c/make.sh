cd "$folder"
words "$make_targets" make_with
if [ -n "$install_targets" ]; then
  words "$install_targets" words "$install_flags" make_with DESTDIR="$out"
fi
