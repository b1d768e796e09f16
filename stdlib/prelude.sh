# Read by every build and check script of the standard library.
#
# Lists come in variables, one item a line: `words LIST COMMAND...` calls the command with the items added.

# Makes a writable copy of the source in $build, applies the patches, and goes there.
prepare() {
  if [ -d "$src" ]; then
    cp -a "$src/." "$build"
  fi
  cd "$build"
  for patch in "$patches"/*/*; do
    if [ -f "$patch" ]; then
      echo "patch: ${patch##*/}"
      patch -p1 <"$patch"
    fi
  done
}

# Goes to the tree that the build left.
resume() {
  cd "$build"
}

# words LIST COMMAND [ARGUMENT...]: the command with the items of LIST, one a line, behind its arguments.
words() {
  words_list=$1
  shift
  words_ifs=$IFS
  IFS='
'
  set -f
  # shellcheck disable=SC2086
  set -- "$@" $words_list
  set +f
  IFS=$words_ifs
  "$@"
}
